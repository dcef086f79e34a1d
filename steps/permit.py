"""Step: whether the data may be trained on again, and what the training begins with."""

from typing import Annotated

from zenml import get_step_context, log_metadata, step
from zenml.metadata.metadata_types import MetadataType

from operations.platform.console import echo
from operations.tracking import connection, mlflow_runs
from operations.training.retraining import prepare_retraining
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.data.change import DataChange
from recognition.data.summary import DataSummary


@step(enable_cache=False)
def permit(
    configuration: RunConfig, data_summary: DataSummary, change: DataChange, code: str, initial: str
) -> tuple[Annotated[RunConfig, "training_configuration"], Annotated[TrainConfig, "training_recipe"]]:
    """Refuse a retraining or prepare it; always runs, as the champion may have moved.

    Args:
        configuration: With the section `retrain`.
        data_summary: The data's digest.
        change: The data against the champion's.
        code: Hash of the code behind step train.
        initial: Digest of the weights that `train.init` names; "" without.
    """
    assert configuration.retrain is not None
    client = connection.connect()
    run_id = mlflow_runs.run_id_of(client, get_step_context().pipeline_run.name)
    prepared = prepare_retraining(client, run_id, configuration, data_summary.digest, change, code, initial)
    begun: dict[str, MetadataType] = {"init": prepared.train.init or "", "seed": prepared.train.seed}
    log_metadata({**begun, "force": configuration.retrain.force})
    echo(f"permit: a training begins with {prepared.train.init or 'random weights'} and seed {prepared.train.seed}")
    return prepared, prepared.train
