"""Step: train the network and store it as an MLflow model."""

from typing import Annotated

import numpy as np
from zenml import step

from materializers.history import HistoryMaterializer
from materializers.model_file import ModelFileMaterializer
from materializers.training_state import TrainingStateMaterializer
from operations.platform.environment import load_tensorflow
from operations.tracking.logged_model import log_model
from operations.training.identity import TrainingIdentity
from operations.training.surroundings import surroundings
from recognition.augmentation.illustrated_plan import IllustratedPlan
from recognition.configuration.sections.checkpoint import CheckpointConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.training.checkpoint import Checkpoint
from recognition.training.history import History
from recognition.training.model_file import ModelFile
from recognition.training.repeats import train_repeatedly
from recognition.training.task import Task

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
    around = surroundings()
    begin = around.load_initial(config.init, initial) if config.init and state is None else None
    task = Task(dataset, plan.plan, config, metric, begin, state)
    with around.training(TrainingIdentity.of_task(task, code, initial, folds)) as place:
        candidate = train_repeatedly(
            task, place.checkpoints, place.listener, folds=folds, every_seconds=checkpoint.every_seconds
        )
    metadata = {
        "classes": list(dataset.classes),
        "superclasses": list(dataset.superclasses),
        "superclass_of": dataset.superclass_of.tolist(),
        "image_shape": list(dataset.image_shape),
        "data": dataset.name,
        "data_digest": dataset.digest,
        "transform": dataset.transform.to_json() if dataset.transform else None,
        "train": config.model_dump(),
        "metric": metric,
        "temperature": candidate.history.temperature,
        "augmentation": plan.plan.options.model_dump(),
    }
    seen = np.concatenate([dataset.splits[side].hashes for side in ("train", "validation")])
    model = log_model(place.client, place.run_id, candidate.model, metadata, seen)
    return model, candidate.history, candidate.state
