"""The pipeline: config → ingest → data report → augmentation → train → evaluate → register → gate → report."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from operations.runs.kind import Kind
from operations.runs.parent import parent_state
from operations.runs.training_run import load, publish, record, refuse
from pipelines.caching import BY_CODE_HASH
from recognition.configuration.schema import RunConfig
from steps.augmentation import augmentation
from steps.conclude import conclude
from steps.configure import configure_training
from steps.data_report import data_report
from steps.evaluate import evaluate
from steps.gate import gate
from steps.ingest import ingest
from steps.permit import permit
from steps.register import register
from steps.report import report
from steps.train import train

NAME = "recognition"
CACHED_STEPS = ("data_report", "augmentation", "train", "evaluate", "report")


@pipeline(name=NAME, execution_mode=ExecutionMode.FAIL_FAST, cache_policy=BY_CODE_HASH)
def training(
    config: RunConfig,
    code: dict[str, str],
    recipe: str,
    commit: str | None,
    fallback: bool,
    alone: bool = False,
    fresh: bool = False,
) -> None:
    """Turn images into a judged, registered model version.

    Args:
        config: The configuration that this run uses.
        code: Hash of the code behind each cached step, by the step's name, and of the "initial weights".
        recipe: Name of the configuration.
        commit: The code's commit, where there is one.
        fallback: Whether the images are the fallback's.
        alone: Whether no command waits for the run, so that a step has to conclude it.
        fresh: Whether what an interrupted training left is given up; step train reads it in the run's record.
    """
    configuration, recipe_used = configure_training(config)
    dataset, baseline = ingest(configuration, fallback)
    data_summary, change, _ = data_report(dataset, baseline, code["data_report"])
    if config.retrain is not None:
        configuration, recipe_used = permit(configuration, data_summary, change, code["train"], code["initial weights"])
    plan = augmentation(dataset, config.augmentation, code["augmentation"])
    model, history, _ = train(
        dataset,
        plan,
        recipe_used,
        config.evaluation.metric,
        config.resources.threads,
        config.checkpoint,
        config.data.folds,
        code["train"],
        code["initial weights"],
        parent_state(config),
    )
    folds = config.data.folds
    evaluation, validation = evaluate(dataset, model, history, config.evaluation, folds, code["evaluate"])
    registered, rejection = register(configuration, dataset, data_summary, plan, model, history, evaluation, validation)
    decision = gate(registered, evaluation, dataset, history, change, config.gate, config.evaluation)
    report(
        dataset,
        history,
        evaluation,
        validation,
        registered,
        decision,
        rejection,
        recipe,
        commit,
        fallback,
        folds,
        code["report"],
    )
    if alone:
        conclude(configuration, recipe, commit, after="report")


KIND = Kind(training, CACHED_STEPS, load, record, publish, refuse)
