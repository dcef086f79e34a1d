"""Step: register the model as a challenger, with everything that belongs to it."""

from typing import Annotated, Any

from zenml import get_step_context, step

from operations.dashboard.visualizations import stored_pictures
from operations.gate.champion_data import store_summary
from operations.platform.console import echo
from operations.registry import registry
from operations.registry.registered_model import RegisteredModel
from operations.registry.rejection import settle_rejection
from operations.tracking import connection, mlflow_runs
from recognition.augmentation.illustrated_plan import IllustratedPlan
from recognition.configuration.resolved import flatten, to_yaml
from recognition.configuration.schema import RunConfig
from recognition.data.dataset import ImageDataset
from recognition.data.summary import DataSummary
from recognition.evaluation.evaluation import Evaluation
from recognition.prediction.rejection import RejectionChoice, choose_rejection, judged_answers
from recognition.training.history import History
from recognition.training.model_file import ModelFile

LINKED = ("configuration", "dataset", "data_summary", "plan", "model", "history", "evaluation")


@step(enable_cache=False)
def register(
    configuration: RunConfig,
    dataset: ImageDataset,
    data_summary: DataSummary,
    plan: IllustratedPlan,
    model: ModelFile,
    history: History,
    evaluation: Evaluation,
    validation: Evaluation,
) -> tuple[Annotated[RegisteredModel, "registered_model"], Annotated[RejectionChoice, "rejection"]]:
    """Log the run to MLflow and make a version in both registries; repeating it finds the version again.

    Where `predict.reject` asks for it, a threshold is set on the validation images and stored with the version.
    """
    context = get_step_context()
    client = connection.connect()
    run_id = mlflow_runs.run_id_of(client, context.pipeline_run.name)
    metrics = {name: value for name, value in evaluation.metrics.numbers().items() if value is not None}
    mlflow_runs.log_parameters(client, run_id, flatten(configuration))
    mlflow_runs.log_metrics(client, run_id, mlflow_runs.history_metrics(history))
    mlflow_runs.log_metrics(client, run_id, ((f"test_{name}", float(value), 0) for name, value in metrics.items()))
    files = {
        "configuration.yaml": to_yaml(configuration).encode(),
        "augmentation.png": plan.picture,
        "data_summary.json": data_summary.model_dump_json(indent=1).encode(),
        "predictions.parquet": evaluation.predictions.to_parquet(index=False),
        **stored_pictures(context.inputs),
    }
    mlflow_runs.log_files(client, run_id, files)
    store_summary(client, model.uri, data_summary)
    target = configuration.predict.reject
    rejection = choose_rejection(*judged_answers(validation.predictions), target)
    metadata: dict[str, Any] = {
        "classes": list(dataset.classes),
        "data": dataset.name,
        "data_digest": dataset.digest,
        "configuration": configuration.model_dump(exclude_none=True),
        "metrics": metrics,
        "rejection": rejection.in_words(),
        "model_uri": model.uri,
    }
    artifacts = [version.id for name in LINKED for version in context.inputs[name]]
    registered = registry.register(client, configuration.model.name, model, metadata, artifacts)
    echo(f"register: {registered.name} version {registered.zenml_version} (MLflow {registered.mlflow_version})")
    rejection = settle_rejection(client, registered, target, rejection)
    client.set_tag(run_id, "rejection", rejection.in_words())
    if target is not None or rejection.rejection is not None:
        echo(f"register: rejection {rejection.in_words()}")
    return registered, rejection
