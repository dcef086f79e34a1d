"""Step: train the network and store it as an MLflow model."""

from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
from mlflow import MlflowClient
from zenml import get_step_context, log_metadata, step

from materializers.history import HistoryMaterializer
from materializers.model_file import ModelFileMaterializer
from materializers.training_state import TrainingStateMaterializer
from operations import mlflow_runs, model_store, tracking
from operations.console import TrainingProgress
from operations.environment import load_tensorflow
from operations.initial_weights import load_initial
from operations.kubernetes.training_workers import training_workers
from operations.machine import MACHINE, machine_facts
from operations.past_trainings import note_question, question_of
from operations.termination import terminable
from operations.training_folder import training_folder
from operations.training_identity import current_training, model_of, training_identity
from recognition.augmentation.illustrated_plan import IllustratedPlan
from recognition.configuration.sections.checkpoint import CheckpointConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.model_file import ModelFile
from recognition.training.checkpoint import Checkpoint
from recognition.training.history import Epoch, History
from recognition.training.repeats import train_repeatedly
from recognition.training.task import Task


class _TrackedProgress(TrainingProgress):
    """Shows progress and logs each epoch to MLflow runs as it ends."""

    def __init__(self, metric: str, client: MlflowClient, runs: Sequence[str], stop: Callable[[], bool]) -> None:
        super().__init__(metric, stop)
        self._client, self._runs = client, runs

    def on_epoch(self, epoch: Epoch) -> None:
        """Print and log an epoch."""
        super().on_epoch(epoch)
        for run_id in self._runs:
            mlflow_runs.log_metrics(self._client, run_id, mlflow_runs.epoch_metrics(epoch, self._metric))


MATERIALIZERS = {
    "model": ModelFileMaterializer,
    "history": HistoryMaterializer,
    "training_state": TrainingStateMaterializer,
}


@step(output_materializers=MATERIALIZERS)
def train(
    dataset: ImageDataset,
    plan: IllustratedPlan,
    config: TrainConfig,
    metric: str,
    threads: int | None,
    checkpoint: CheckpointConfig,
    folds: int | None,
    code: str,
    initial: str,
    state: Checkpoint | None = None,
) -> tuple[Annotated[ModelFile, "model"], Annotated[History, "history"], Annotated[Checkpoint, "training_state"]]:
    """Train on the training split and keep the epoch that validates best.

    Args:
        dataset: Train and validation splits.
        plan: Augmentation and normalization.
        config: The recipe.
        metric: What "best" means; the rest of section `evaluation` cannot change a training.
        threads: How many TensorFlow may use; None for every core.
        checkpoint: When the training writes down its state.
        folds: How to cross-validate; None for the split as it is.
        code: Hash of the code behind this step, for the cache.
        initial: Digest of the weights to begin with, for the cache; "" for random ones.
        state: Where a finished training ended that this one goes on with; None for a new one.
    """
    load_tensorflow(threads)
    context, digest = get_step_context(), dataset.digest
    client, run_name = tracking.connect(), context.pipeline_run.name
    run_id = mlflow_runs.run_id_of(client, run_name)
    log_metadata({"mlflow_run_id": run_id})
    identity = training_identity(digest, plan.plan.options, config, metric, folds, code, initial)
    if state is None:
        note_question(client, run_id, question_of(identity, model_of(context.pipeline_run)), config)
    begin = load_initial(config.init, initial) if config.init and state is None else None
    with (
        training_folder(current_training({**identity, "plan": plan.plan.digest})) as checkpoints,
        training_workers(config.workers, str(context.step_run.id)),
        terminable() as stop,
    ):
        candidate = train_repeatedly(
            Task(dataset, plan.plan, config, metric, begin, state),
            checkpoints,
            lambda name: _TrackedProgress(metric, client, _mlflow_runs(client, run_id, run_name, name), stop),
            folds=folds,
            every_seconds=checkpoint.every_seconds,
        )
    metadata = {
        "classes": list(dataset.classes),
        "superclasses": list(dataset.superclasses),
        "superclass_of": dataset.superclass_of.tolist(),
        "image_shape": list(dataset.image_shape),
        "data": dataset.name,
        "data_digest": digest,
        "transform": dataset.transform.to_json() if dataset.transform else None,
        "train": config.model_dump(),
        "metric": metric,
        "temperature": candidate.history.temperature,
        "augmentation": plan.plan.options.model_dump(),
    }
    seen = np.concatenate([dataset.splits[side].hashes for side in ("train", "validation")])
    log_metadata(metadata={MACHINE: machine_facts()}, artifact_name="history", infer_artifact=True)
    model = model_store.log_model(client, run_id, candidate.model, metadata, seen)
    return model, candidate.history, candidate.state


def _mlflow_runs(client: MlflowClient, run_id: str, run_name: str, name: str) -> list[str]:
    """Where a training's epochs are logged: the first of several in the pipeline's run, each in one of its own too."""
    if not name:
        return [run_id]
    nested = mlflow_runs.nested_run(client, run_id, run_name, name)
    is_first = not mlflow_runs.find_parts(client, run_name)[1:]
    return [run_id, nested] if is_first else [nested]
