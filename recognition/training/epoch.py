"""One epoch: every training image learned, then every validation image scored."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from recognition.configuration.sections.train import TrainConfig
from recognition.data.dataset import Split
from recognition.errors import TrainingError
from recognition.evaluation.predict import fitting_batch
from recognition.evaluation.score import score
from recognition.training.batches import batches
from recognition.training.gpu import gpu_usage
from recognition.training.history import Epoch, EpochProgress
from recognition.training.listener import TrainingListener
from recognition.training.order import epoch_order
from recognition.training.schedule import image_size, learning_rate
from recognition.training.task import Task

if TYPE_CHECKING:
    from recognition.training.learner import Learner

DIVERGED = 10.0  # times the loss of guessing, at which a training is given up


def run_epoch(
    learner: Learner,
    task: Task,
    index: int,
    listener: TrainingListener,
    progress: EpochProgress,
    on_step: Callable[[EpochProgress], None],
) -> Epoch:
    """Learn the training split in whole steps, then score the validation split.

    Args:
        learner: What learns.
        task: What is to be learned.
        index: Index of the epoch, from 0.
        listener: Hears of every batch.
        progress: What of this epoch is learned already.
        on_step: Called between steps with what is learned; what it raises ends the epoch.

    Raises:
        TrainingError: If the loss is not finite or diverges, or a batch does not fit the device's memory.
    """
    learner.begin(index + 1)
    learned = _learn(learner, task, index, listener, progress, on_step)
    usage = gpu_usage(learner.gpus)  # before validation: of the moment
    start = time.perf_counter()
    with learner.averaged():
        scores = _validate(learner, task.dataset.splits["validation"], task.metric)
    validation_loss, validation_accuracy, validation_score = scores
    _check_loss(validation_loss, np.inf, learner, index)
    images = learned.batches * task.config.batch_size
    return Epoch(
        epoch=index + 1,
        train_loss=learned.loss / images,
        train_accuracy=learned.hits / images,
        validation_loss=validation_loss,
        validation_accuracy=validation_accuracy,
        validation_score=validation_score,
        learning_rate=learner.learning_rate,
        seconds=learned.seconds + time.perf_counter() - start,
        images_per_second=images / learned.seconds,
        **usage,
    )


def _learn(
    learner: Learner,
    task: Task,
    index: int,
    listener: TrainingListener,
    progress: EpochProgress,
    on_step: Callable[[EpochProgress], None],
) -> EpochProgress:
    """One pass over the split, or the rest of one."""
    from recognition.augmentation.transform import step_seed

    split, config = task.dataset.splits["train"], task.scheduled
    steps, size = _steps(split, config), config.batch_size
    count = steps * config.accumulate
    order = epoch_order(split.labels, config.sampling, config.seed, index)
    limit = DIVERGED * np.log(max(2, learner.network.output_shape[-1]))
    start = time.perf_counter() - progress.seconds
    with batches(split, order[: count * size].reshape(count, size)[progress.batches :]) as stream:
        for number, batch in enumerate(stream, progress.batches):
            now = (index - task.first) * steps + number // config.accumulate, config.epochs * steps
            complete = (number + 1) % config.accumulate == 0
            learner.learning_rate = learning_rate(config, *now)
            seed = step_seed(config.seed, index, number)
            loss, hits = map(float, learner.train_step(*batch, seed, image_size(config, *now), complete))
            _check_loss(loss / size, limit, learner, index)
            progress = EpochProgress(
                batches=number + 1,
                loss=progress.loss + loss,
                hits=progress.hits + hits,
                seconds=time.perf_counter() - start,
            )
            seen = (index * count + progress.batches) * size
            listener.on_step(
                seen, (task.first + config.epochs) * count * size, progress.batches * size / progress.seconds
            )
            if complete and progress.batches < count:
                on_step(progress)
    return progress


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
    """Whole steps only; the order is new each epoch, so no image is left out for good."""
    return len(split) // (config.batch_size * config.accumulate)


def _check_loss(loss: float, limit: float, learner: Learner, index: int) -> None:
    if loss < limit:  # which NaN is not
        return
    raise TrainingError(
        f"training diverged in epoch {index + 1} at a learning rate of {learner.learning_rate:.3g}",
        received=f"a loss of {loss:.4g}",
        expected="a finite loss" + (f" below {limit:.3g}" if np.isfinite(limit) else ""),
        remedy="try a learning rate three times lower, a longer warmup, or precision float32",
    )
