"""The pipeline: config → ingest → augmentation → train → evaluate; nothing is registered, nothing promoted."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from operations.runs.kind import Kind
from operations.runs.parent import parent_state
from operations.runs.reproduction import load, publish, record
from pipelines.caching import BY_CODE_HASH
from recognition.configuration.schema import RunConfig
from steps.augmentation import augmentation
from steps.configure import configure
from steps.evaluate import evaluate
from steps.ingest import ingest
from steps.train import train

NAME = "reproduction"
CACHED_STEPS = ("augmentation", "train", "evaluate")


@pipeline(name=NAME, execution_mode=ExecutionMode.FAIL_FAST, cache_policy=BY_CODE_HASH)
def reproduction(
    config: RunConfig, code: dict[str, str], recipe: str, commit: str | None, fallback: bool, fresh: bool
) -> None:
    """Train and evaluate as the training pipeline does.

    Args:
        config: The configuration of the run that is reproduced.
        code: Hash of the code behind each cached step, by the step's name, and of the "initial weights".
        recipe: Name of the configuration.
        commit: The code's commit, where there is one.
        fallback: Whether the images are the fallback's.
        fresh: Whether what an interrupted training left is given up; the step that trains reads it in the run's record.
    """
    folds = config.data.folds
    dataset, _ = ingest(configure(config), fallback)
    plan = augmentation(dataset, config.augmentation, code["augmentation"])
    model, history, _ = train(
        dataset,
        plan,
        config.train,
        config.evaluation.metric,
        config.resources.threads,
        config.checkpoint,
        folds,
        code["train"],
        code["initial weights"],
        parent_state(config),
    )
    evaluate(dataset, model, history, config.evaluation, folds, code["evaluate"])


KIND = Kind(reproduction, CACHED_STEPS, load, record, publish)
