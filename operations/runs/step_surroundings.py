"""The world around a step, as `surroundings.py` describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from mlflow import MlflowClient
from zenml import get_step_context, log_metadata

from operations.kubernetes.training_workers import training_workers
from operations.platform.machine import MACHINE, machine_facts
from operations.platform.termination import terminable
from operations.registry import registry
from operations.registry.registered_model import RegisteredModel
from operations.tracking import connection, mlflow_runs
from operations.tracking.logged_model import KERAS_FILE
from operations.tracking.model_files import kept
from operations.training.folder import training_folder
from operations.training.identity import TrainingIdentity
from operations.training.initial_weights import load_initial
from operations.training.past_trainings import note_question, question_of
from operations.training.progress import TrainingProgress
from operations.training.surroundings import Surroundings, TrainingPlace
from operations.training.task import current_training, model_of
from recognition.training.history import Epoch


class _TrackedProgress(TrainingProgress):
    """Shows progress and logs each epoch to MLflow runs as it ends."""

    def __init__(self, metric: str, client: MlflowClient, runs: Sequence[str], stop: Callable[[], bool]) -> None:
        super().__init__(metric, stop)
        self._logs = [mlflow_runs.MetricLog(client, run_id) for run_id in runs]

    def on_epoch(self, epoch: Epoch) -> None:
        """Print and log an epoch."""
        super().on_epoch(epoch)
        for each in self._logs:
            each.log(mlflow_runs.epoch_metrics(epoch, self._metric))


@contextmanager
def _training(identity: TrainingIdentity) -> Iterator[TrainingPlace]:
    context, (client, run_id) = get_step_context(), _tracked_run()
    if identity.train.tail is None:
        note_question(client, run_id, question_of(identity, model_of(context.pipeline_run)), identity.train)
    with (
        training_folder(current_training(identity)) as checkpoints,
        training_workers(identity.train.workers, str(context.step_run.id)),
        terminable() as stop,
    ):

        def listener(name: str) -> TrainingProgress:
            runs = _runs_of(client, run_id, context.pipeline_run.name, name)
            return _TrackedProgress(identity.metric, client, runs, stop)

        yield TrainingPlace(checkpoints, listener, client, run_id)
    log_metadata(metadata={MACHINE: machine_facts()}, artifact_name="history", infer_artifact=True)


@contextmanager
def _calibration(identity: TrainingIdentity) -> Iterator[TrainingPlace]:
    client, run_id = _tracked_run()
    with terminable() as stop, training_folder(current_training(identity)) as checkpoints:
        yield TrainingPlace(checkpoints, lambda name: TrainingProgress(identity.metric, stop), client, run_id)


def _fetch_model(uri: str) -> Path:
    connection.connect()
    return kept(uri) / KERAS_FILE


def _created(model: RegisteredModel) -> datetime:
    return registry.created(connection.connect(), model)


def _log_files(files: Mapping[str, bytes]) -> None:
    client = connection.connect()
    mlflow_runs.log_files(client, mlflow_runs.run_id_of(client, get_step_context().pipeline_run.name), files)


def _tracked_run() -> tuple[MlflowClient, str]:
    """The MLflow run of the pipeline's, which the step names."""
    client = connection.connect()
    run_id = mlflow_runs.run_id_of(client, get_step_context().pipeline_run.name)
    log_metadata({"mlflow_run_id": run_id})
    return client, run_id


def _runs_of(client: MlflowClient, run_id: str, run_name: str, name: str) -> list[str]:
    """Where a training's epochs are logged: the first of several in the pipeline's run, each in one of its own too."""
    if not name:
        return [run_id]
    nested = mlflow_runs.nested_run(client, run_id, run_name, name)
    is_first = not mlflow_runs.find_parts(client, run_name)[1:]
    return [run_id, nested] if is_first else [nested]


SURROUNDINGS = Surroundings(
    training=_training,
    calibration=_calibration,
    load_initial=load_initial,
    fetch_model=_fetch_model,
    created=_created,
    log_files=_log_files,
)
