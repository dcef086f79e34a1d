"""The training loop, to be read from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.augmentation.plan import AugmentationPlan
from recognition.configuration.schema import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.evaluation.score import in_words
from recognition.training.checkpoint import Arrays, Checkpoint, load_checkpoint, save_checkpoint
from recognition.training.class_weights import described
from recognition.training.device import Device, choose_device
from recognition.training.epoch import run_epoch
from recognition.training.history import Epoch, History
from recognition.training.listener import TrainingListener

if TYPE_CHECKING:
    import keras

    from recognition.training.learner import Learner


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        model: Raw uint8 images in, probabilities out; the weights of the best epoch, uncompiled, built-in layers only.
        history: How it came about.
    """

    model: keras.Model
    history: History


def train(
    dataset: ImageDataset,
    plan: AugmentationPlan,
    config: TrainConfig,
    metric: str,
    checkpoints: Path,
    listener: TrainingListener | None = None,
) -> Trained:
    """Train a network and keep the epoch that validates best; stop early where the recipe's patience ends.

    A checkpoint is written after each epoch; a training that finds one in `checkpoints` goes on from it. Data order
    and augmentation are functions of (seed, epoch, step); dropout's state lies in the checkpoint.

    Args:
        dataset: Its train split is learned, its validation split chooses the epoch; test is not read.
        plan: Augmentation and normalization.
        config: The recipe.
        metric: What "best" means: "accuracy", "balanced_accuracy" or "macro_f1"; lower loss breaks ties.
        checkpoints: Folder of this very training: same data, plan, recipe, metric and code.
        listener: Hears of every step and epoch.

    Raises:
        InputError: If a requested GPU is missing.
        TrainingError: If the loss is not finite or diverges.
    """
    from recognition.training.learner import Learner

    listener = listener or TrainingListener()
    device = choose_device(config.device, config.precision)
    listener.say(f"training on {device.name} ({device.reason})")
    learner = Learner(dataset, plan, config, device)
    if config.class_weights != "none":
        listener.say(described(learner.class_weights, dataset.classes))

    epochs, best_epoch, best = _resume(learner, config, checkpoints, listener)
    resumed_from = len(epochs) or None
    while _goes_on(config, len(epochs), best_epoch):
        epochs = (*epochs, run_epoch(learner, dataset, config, metric, len(epochs), listener))
        listener.on_epoch(epochs[-1])
        if _better(epochs[-1], epochs[best_epoch - 1]):
            best_epoch, best = len(epochs), learner.weights()
        save_checkpoint(checkpoints, Checkpoint({**learner.state(), "best": best}, epochs, best_epoch))
    if len(epochs) < config.epochs:
        listener.say(f"stopped after epoch {len(epochs)}: no better {in_words(metric)} since epoch {best_epoch}")

    learner.load_weights(best)
    parameters = learner.network.count_params()
    history = _history(config, metric, device, parameters, epochs, best_epoch, resumed_from)
    return Trained(learner.inference_model(), history)


def _resume(
    learner: Learner, config: TrainConfig, checkpoints: Path, listener: TrainingListener
) -> tuple[tuple[Epoch, ...], int, Arrays]:
    """Epochs so far, the best of them and its weights, from the last checkpoint where there is one."""
    checkpoint = load_checkpoint(checkpoints)
    if checkpoint is None:
        return (), 1, learner.weights()
    learner.load_state(checkpoint.arrays)
    listener.say(f"resuming after epoch {len(checkpoint.epochs)} of {config.epochs} from its checkpoint")
    return checkpoint.epochs, checkpoint.best_epoch, checkpoint.arrays["best"]


def _goes_on(config: TrainConfig, epochs: int, best_epoch: int) -> bool:
    patient = config.patience is None or epochs - best_epoch < config.patience
    return epochs < config.epochs and patient


def _better(epoch: Epoch, best: Epoch) -> bool:
    """A higher validation score wins, a lower validation loss breaks ties."""
    return (epoch.validation_score, -epoch.validation_loss) >= (best.validation_score, -best.validation_loss)


def _history(
    config: TrainConfig,
    metric: str,
    device: Device,
    parameters: int,
    epochs: tuple[Epoch, ...],
    best_epoch: int,
    resumed_from: int | None,
) -> History:
    return History(
        network=config.network,
        parameters=parameters,
        device=device.name,
        precision=device.precision,
        seed=config.seed,
        metric=metric,
        resumed_from=resumed_from,
        best_epoch=best_epoch,
        seconds=sum(epoch.seconds for epoch in epochs),
        images_per_second=len(epochs) / sum(1 / epoch.images_per_second for epoch in epochs),
        epochs=epochs,
    )
