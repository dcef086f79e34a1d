"""One epoch: every training image learned, then every validation image scored."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from recognition.configuration.schema import TrainConfig
from recognition.data.dataset import ImageDataset, Split
from recognition.errors import TrainingError
from recognition.evaluation.predict import fitting_batch
from recognition.evaluation.score import score
from recognition.training.batches import batches
from recognition.training.history import Epoch
from recognition.training.listener import TrainingListener
from recognition.training.optimization import image_size, learning_rate
from recognition.training.order import epoch_order

if TYPE_CHECKING:
    from recognition.training.learner import Learner

DIVERGED = 10.0  # times the loss of guessing, at which a training is given up


def run_epoch(
    learner: Learner, dataset: ImageDataset, config: TrainConfig, metric: str, index: int, listener: TrainingListener
) -> Epoch:
    """Learn the training split in whole batches, then score the validation split.

    Args:
        learner: What learns.
        dataset: Train and validation splits.
        config: The recipe.
        metric: What the validation split is scored by besides accuracy and loss.
        index: Index of the epoch, from 0.
        listener: Hears of every step.

    Raises:
        TrainingError: If the loss is not finite or diverges.
    """
    start = time.perf_counter()
    train_loss, train_accuracy = _learn(learner, dataset.splits["train"], config, index, listener)
    learned = time.perf_counter() - start
    validation_loss, validation_accuracy, validation_score = _validate(learner, dataset.splits["validation"], metric)
    _check_loss(validation_loss, np.inf, learner, index)
    return Epoch(
        epoch=index + 1,
        train_loss=train_loss,
        train_accuracy=train_accuracy,
        validation_loss=validation_loss,
        validation_accuracy=validation_accuracy,
        validation_score=validation_score,
        learning_rate=learner.learning_rate,
        seconds=time.perf_counter() - start,
        images_per_second=_steps(dataset.splits["train"], config) * config.batch_size / learned,
    )


def _learn(
    learner: Learner, split: Split, config: TrainConfig, index: int, listener: TrainingListener
) -> tuple[float, float]:
    """Mean loss and accuracy of one pass, as the steps saw them."""
    from recognition.augmentation.transform import step_seed

    steps, size = _steps(split, config), config.batch_size
    order = epoch_order(split.labels, config.sampling, config.seed, index)
    limit = DIVERGED * np.log(max(2, learner.network.output_shape[-1]))
    start, losses, hits = time.perf_counter(), 0.0, 0.0
    with batches(split, order[: steps * size].reshape(steps, size)) as stream:
        for step, batch in enumerate(stream):
            now = index * steps + step, config.epochs * steps
            learner.learning_rate = learning_rate(config, *now)
            loss, hit = learner.learn(*batch, step_seed(config.seed, index, step), image_size(config, *now))
            losses, hits = losses + float(loss), hits + float(hit)
            _check_loss(float(loss) / size, limit, learner, index)
            speed = (step + 1) * size / (time.perf_counter() - start)
            listener.on_step((index * steps + step + 1) * size, config.epochs * steps * size, speed)
    return losses / (steps * size), hits / (steps * size)


def _validate(learner: Learner, split: Split, metric: str) -> tuple[float, float, float]:
    """Mean loss, accuracy and metric on a whole split."""
    loss, predicted = 0.0, []
    size = fitting_batch(split.images.shape)
    places = [slice(start, start + size) for start in range(0, len(split), size)]
    with batches(split, places) as stream:
        for batch in stream:
            batch_loss, labels = learner.score(batch.images, batch.labels)
            loss += float(batch_loss)
            predicted.append(labels.numpy())
    answers = split.labels, np.concatenate(predicted)
    return loss / len(split), score("accuracy", *answers), score(metric, *answers)


def _steps(split: Split, config: TrainConfig) -> int:
    """Whole batches only; the order is new each epoch, so no image is left out for good."""
    return len(split) // config.batch_size


def _check_loss(loss: float, limit: float, learner: Learner, index: int) -> None:
    if loss < limit:  # which NaN is not
        return
    raise TrainingError(
        f"training diverged in epoch {index + 1} at a learning rate of {learner.learning_rate:.3g}",
        received=f"a loss of {loss:.4g}",
        expected="a finite loss" + (f" below {limit:.3g}" if np.isfinite(limit) else ""),
        remedy="try a learning rate three times lower, a longer warmup, or precision float32",
    )
