"""Step: train the network and store it as an MLflow model."""

from typing import Annotated

import numpy as np
from mlflow import MlflowClient
from zenml import get_step_context, log_metadata, step

from materializers.history import HistoryMaterializer
from materializers.model_file import ModelFileMaterializer
from operations import model_store, tracking
from operations.checkpoints import training_folder
from operations.console import TrainingProgress
from operations.environment import load_tensorflow
from recognition.augmentation.illustrated_plan import IllustratedPlan
from recognition.configuration.schema import ResourcesConfig, TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.model_file import ModelFile
from recognition.training.history import Epoch, History
from recognition.training.train import train as train_network


class _TrackedProgress(TrainingProgress):
    """Shows progress and logs each epoch to MLflow as it ends."""

    def __init__(self, metric: str, client: MlflowClient, run_id: str) -> None:
        super().__init__(metric)
        self._client, self._run_id = client, run_id

    def on_epoch(self, epoch: Epoch) -> None:
        """Print and log an epoch."""
        super().on_epoch(epoch)
        tracking.log_metrics(self._client, self._run_id, tracking.epoch_metrics(epoch, self._metric))


@step(output_materializers={"model": ModelFileMaterializer, "history": HistoryMaterializer})
def train(
    dataset: ImageDataset,
    plan: IllustratedPlan,
    config: TrainConfig,
    metric: str,
    resources: ResourcesConfig,
    code: str,
) -> tuple[Annotated[ModelFile, "model"], Annotated[History, "history"]]:
    """Train on the training split and keep the epoch that validates best.

    Args:
        dataset: Train and validation splits.
        plan: Augmentation and normalization.
        config: The recipe.
        metric: What "best" means; the rest of section `evaluation` cannot change a training.
        resources: What training may use of its machine.
        code: Hash of the code behind this step, for the cache.
    """
    load_tensorflow(resources.threads)
    digest = dataset.digest
    client = tracking.connect()
    run_id = tracking.mlflow_run(client, get_step_context().pipeline_run.name)
    log_metadata({"mlflow_run_id": run_id})
    fingerprint = (digest, plan.plan.digest, config.model_dump_json(), metric, code)
    with training_folder(fingerprint) as checkpoints:
        progress = _TrackedProgress(metric, client, run_id)
        trained = train_network(dataset, plan.plan, config, metric, checkpoints, progress)
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
        "augmentation": plan.plan.options.model_dump(),
    }
    seen = np.concatenate([dataset.splits[side].hashes for side in ("train", "validation")])
    return model_store.log_model(client, run_id, trained.model, metadata, seen), trained.history
