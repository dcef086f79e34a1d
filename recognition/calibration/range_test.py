"""The learning-rate range test (L. N. Smith, "Cyclical learning rates for training neural networks", 2015)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count, islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognition.calibration.result import RangeTest
from recognition.configuration.sections.train import TrainConfig
from recognition.data.dataset import Split
from recognition.errors import TrainingStopped
from recognition.training.batches import Batch, batches
from recognition.training.device import choose_device
from recognition.training.listener import TrainingListener
from recognition.training.order import epoch_order
from recognition.training.schedule import image_size
from recognition.training.task import Task

if TYPE_CHECKING:
    from recognition.training.learner import Learner

LOWEST, HIGHEST = 1e-5, 10.0
MEMORY = 0.05  # share of the steps over which the smoothed loss forgets
SAFE = 1 / 3  # what training holds for long lies below what it bears for a step
DIVERGED = 4.0  # times the lowest smoothed loss, as in fast.ai's implementation
Losses = NDArray[np.float64]


def run_range_test(task: Task, steps: int, listener: TrainingListener) -> RangeTest:
    """Train for some steps while the learning rate grows, each time by the same factor, until the loss diverges.

    Args:
        task: Its training split is learned, no other is read; the recipe's learning rate, schedule and epochs do not
            matter.
        steps: Number of steps from the lowest to the highest rate.
        listener: Hears of every step.

    Raises:
        InputError: If a requested GPU is missing.
        TrainingError: If a batch does not fit the device's memory.
        TrainingStopped: If the listener asked for it.
    """
    from recognition.training.learner import Learner

    config, train = task.config, task.dataset.splits["train"]
    learner = Learner(task.dataset, task.plan, config, choose_device(config.device, config.precision))
    rates = np.geomspace(LOWEST, HIGHEST, steps)
    losses: list[float] = []
    with batches(train, _places(train, config, steps)) as stream:
        start = time.perf_counter()
        for rate in rates.tolist():
            learner.learning_rate = rate
            losses.append(_step(learner, stream, config, len(losses)))
            if has_diverged(np.array(losses), steps):
                break
            if listener.should_stop():
                raise TrainingStopped("the range test was asked to stop", remedy="the same command begins it again")
            images, total = (each * config.accumulate * config.batch_size for each in (len(losses), steps))
            listener.on_step(images, total, images / (time.perf_counter() - start))
    return read_off(rates[: len(losses)], np.array(losses), steps)


def smooth(losses: Losses, steps: int) -> Losses:
    """An exponentially weighted mean of the losses so far, corrected for its start as in Adam.

    Args:
        losses: float64, (n,).
        steps: Number of steps of the whole test, of which it forgets a share of `MEMORY`.

    Returns:
        float64, (n,).
    """
    keep = 1 - 1 / max(2.0, MEMORY * steps)
    means = np.empty_like(losses)
    mean = 0.0
    for i, loss in enumerate(losses.tolist()):
        mean = keep * mean + (1 - keep) * loss
        means[i] = mean / (1 - keep ** (i + 1))
    return means


def has_diverged(losses: Losses, steps: int) -> bool:
    """Whether the last loss is not finite, or the smoothed one far above where it has been."""
    if not np.isfinite(losses[-1]):
        return True
    smoothed = smooth(losses, steps)
    return bool(smoothed[-1] > DIVERGED * smoothed.min())


def read_off(rates: NDArray[np.float64], losses: Losses, steps: int) -> RangeTest:
    """What a test's curve says: a share of `SAFE` of the rate at which the smoothed loss is lowest.

    Args:
        rates: float64, (n,), of the steps that were taken.
        losses: float64, (n,).
        steps: Number of steps that were planned.
    """
    finite = np.isfinite(losses)
    rates, losses = rates[finite], losses[finite]
    smoothed = smooth(losses, steps)
    return RangeTest(
        rates=tuple(rates.tolist()),
        losses=tuple(losses.tolist()),
        smoothed=tuple(smoothed.tolist()),
        suggestion=SAFE * float(rates[np.argmin(smoothed)]),
        diverged=bool(len(rates) < steps),
    )


def _places(split: Split, config: TrainConfig, steps: int) -> Iterator[NDArray[np.int64]]:
    """Where each batch stands, one epoch's order after the other."""
    size = config.batch_size
    whole = len(split) // size
    orders = (epoch_order(split.labels, config.sampling, config.seed, epoch) for epoch in count())
    every = (order[i * size : (i + 1) * size] for order in orders for i in range(whole))
    return islice(every, steps * config.accumulate)


def _step(learner: Learner, stream: Iterator[Batch], config: TrainConfig, index: int) -> float:
    """Mean loss of a step's batches, before it is taken."""
    from recognition.augmentation.transform import step_seed

    size, loss = image_size(config, 0, 1), 0.0
    for i in range(config.accumulate):
        seed = step_seed(config.seed, 0, index * config.accumulate + i)
        batch = next(stream)
        complete = i + 1 == config.accumulate
        batch_loss, _ = learner.train_step(batch.images, batch.labels, batch.weights, seed, size, complete)
        loss += float(batch_loss)
    return loss / (config.accumulate * config.batch_size)
