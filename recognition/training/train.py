"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recognition.augmentation.plan import AugmentationPlan
from recognition.configuration.schema import TrainConfig
from recognition.data.dataset import ImageDataset, Split
from recognition.errors import TrainingError
from recognition.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from recognition.training.device import Device, choose_device
from recognition.training.history import Epoch, History
from recognition.training.listener import TrainingListener
from recognition.training.optimization import learning_rate
from recognition.training.order import epoch_order

if TYPE_CHECKING:
    import keras

    from recognition.training.learner import Learner

VALIDATION_BATCH = 500  # images; any size gives the same scores
DIVERGED = 10.0  # times the loss of guessing, at which a training is given up


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
    checkpoints: Path,
    listener: TrainingListener | None = None,
) -> Trained:
    """Train a network and keep the epoch that validates best.

    A checkpoint is written after each epoch; a training that finds one in `checkpoints` goes on from it. Data order
    and augmentation are functions of (seed, epoch, step); dropout's state lies in the checkpoint.

    Args:
        dataset: Its train split is learned, its validation split chooses the epoch; test is not read.
        plan: Augmentation and normalization.
        config: The recipe.
        checkpoints: Folder of this very training: same data, plan, recipe and code.
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

    epochs: tuple[Epoch, ...] = ()
    best_epoch, best = 1, learner.weights()
    checkpoint = load_checkpoint(checkpoints)
    if checkpoint is not None:
        learner.load_state(checkpoint.arrays)
        epochs, best_epoch, best = checkpoint.epochs, checkpoint.best_epoch, checkpoint.arrays["best"]
        listener.say(f"resuming after epoch {len(epochs)} of {config.epochs} from its checkpoint")

    for index in range(len(epochs), config.epochs):
        epochs = (*epochs, _epoch(learner, dataset, config, index, listener))
        listener.on_epoch(epochs[-1])
        if _better(epochs[-1], epochs[best_epoch - 1]):
            best_epoch, best = len(epochs), learner.weights()
        save_checkpoint(checkpoints, Checkpoint({**learner.state(), "best": best}, epochs, best_epoch))

    learner.load_weights(best)
    resumed_from = len(checkpoint.epochs) if checkpoint else None
    parameters = learner.network.count_params()
    return Trained(learner.inference_model(), _history(config, device, parameters, epochs, best_epoch, resumed_from))


def _epoch(
    learner: Learner, dataset: ImageDataset, config: TrainConfig, index: int, listener: TrainingListener
) -> Epoch:
    """Learn every training image once, in whole batches, then score the validation split."""
    start = time.perf_counter()
    train_loss, train_accuracy = _learn(learner, dataset.splits["train"], config, index, listener)
    learned = time.perf_counter() - start
    validation_loss, validation_accuracy = _score(learner, dataset.splits["validation"])
    _check_loss(validation_loss, np.inf, learner, index)
    return Epoch(
        epoch=index + 1,
        train_loss=train_loss,
        train_accuracy=train_accuracy,
        validation_loss=validation_loss,
        validation_accuracy=validation_accuracy,
        learning_rate=learner.learning_rate,
        seconds=time.perf_counter() - start,
        images_per_second=_images_per_epoch(dataset.splits["train"], config) / learned,
    )


def _learn(
    learner: Learner, split: Split, config: TrainConfig, index: int, listener: TrainingListener
) -> tuple[float, float]:
    """Mean loss and accuracy of one pass, as the steps saw them."""
    from recognition.augmentation.transform import step_seed

    images = _images_per_epoch(split, config)
    steps = images // config.batch_size
    order = epoch_order(len(split), config.seed, index)
    limit = DIVERGED * np.log(max(2, learner.network.output_shape[-1]))
    start, losses, hits = time.perf_counter(), 0.0, 0.0
    for step in range(steps):
        learner.learning_rate = learning_rate(config, index * steps + step, config.epochs * steps)
        batch = order[step * config.batch_size : (step + 1) * config.batch_size]
        loss, hit = learner.learn(split.images[batch], split.labels[batch], step_seed(config.seed, index, step))
        losses, hits = losses + float(loss), hits + float(hit)
        _check_loss(float(loss) / config.batch_size, limit, learner, index)
        seen = (step + 1) * config.batch_size
        speed = seen / (time.perf_counter() - start)
        listener.on_step(index * images + seen, config.epochs * images, speed)
    return losses / images, hits / images


def _score(learner: Learner, split: Split) -> tuple[float, float]:
    """Mean loss and accuracy on a whole split."""
    losses = hits = 0.0
    for start in range(0, len(split), VALIDATION_BATCH):
        stop = start + VALIDATION_BATCH
        loss, hit = learner.score(split.images[start:stop], split.labels[start:stop])
        losses, hits = losses + float(loss), hits + float(hit)
    return losses / len(split), hits / len(split)


def _images_per_epoch(split: Split, config: TrainConfig) -> int:
    """Whole batches only; the order is new each epoch, so no image is left out for good."""
    return len(split) // config.batch_size * config.batch_size


def _check_loss(loss: float, limit: float, learner: Learner, index: int) -> None:
    if loss < limit:  # which NaN is not
        return
    raise TrainingError(
        f"training diverged in epoch {index + 1} at a learning rate of {learner.learning_rate:.3g}",
        received=f"a loss of {loss:.4g}",
        expected="a finite loss" + (f" below {limit:.3g}" if np.isfinite(limit) else ""),
        remedy="try a learning rate three times lower, a longer warmup, or precision float32",
    )


def _better(epoch: Epoch, best: Epoch) -> bool:
    """Higher validation accuracy wins, lower validation loss breaks ties."""
    return (epoch.validation_accuracy, -epoch.validation_loss) >= (best.validation_accuracy, -best.validation_loss)


def _history(
    config: TrainConfig,
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
        resumed_from=resumed_from,
        best_epoch=best_epoch,
        seconds=sum(epoch.seconds for epoch in epochs),
        images_per_second=len(epochs) / sum(1 / epoch.images_per_second for epoch in epochs),
        epochs=epochs,
    )
