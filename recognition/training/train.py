"""The training loop, to be read from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.evaluation.score import in_words
from recognition.training.checkpoint import Checkpoint
from recognition.training.class_weights import described
from recognition.training.course import Course
from recognition.training.device import Device, choose_device
from recognition.training.distribution import choose_distribution
from recognition.training.epoch import run_epoch
from recognition.training.history import History
from recognition.training.listener import TrainingListener
from recognition.training.task import Task

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        model: Raw uint8 images in, probabilities out; the weights of the best epoch, uncompiled, built-in layers only.
        history: How it came about.
        state: Where it ended: what a longer training goes on from.
    """

    model: keras.Model
    history: History
    state: Checkpoint


def train(
    task: Task, checkpoints: Path, listener: TrainingListener | None = None, *, every_seconds: float = 300
) -> Trained:
    """Train a network and keep the epoch that validates best; stop early where the recipe's patience ends.

    A checkpoint is written after each epoch, and within one that takes longer than `every_seconds`; a training that
    finds one in `checkpoints` goes on from it. Data order and augmentation are functions of (seed, epoch, batch);
    dropout's state lies in the checkpoint.

    Args:
        task: What is to be learned.
        checkpoints: Folder of this very task and code.
        listener: Hears of every batch and epoch, and may ask to stop.
        every_seconds: Longest time between two checkpoints, give or take a step.

    Raises:
        InputError: If a requested device is missing, or the checkpoint is of another network.
        TrainingError: If the loss is not finite or diverges.
        TrainingStopped: If the listener asked for it; the state is written.
    """
    from recognition.training.learner import Learner

    listener, config = listener or TrainingListener(), task.config
    device = choose_device(config.device, config.precision)
    distribution = choose_distribution(config, device)
    shared = f"; {distribution.reason}" if distribution.replicas > 1 else ""
    listener.say(f"training on {device.name} ({device.reason}{shared})")
    learner = Learner(task.dataset, task.plan, config, device, distribution, task.initial)
    if learner.loaded is not None:
        listener.say(learner.loaded.described())
    if config.class_weights != "none":
        listener.say(described(learner.class_weights, task.dataset.classes))

    course = Course(learner, task, checkpoints, distribution, listener, every_seconds)
    while course.goes_on():
        index, partial = len(course.epochs), course.partial
        course.finish(run_epoch(learner, task, index, listener, partial, course.pause))
    if len(course.epochs) < task.first + task.scheduled.epochs:
        end = f"stopped after epoch {len(course.epochs)}"
        listener.say(f"{end}: no better {in_words(task.metric)} since epoch {course.best_epoch}")

    state = course.state()
    learner.load_weights(course.best)
    history = _history(task, device, learner.network.count_params(), course)
    return Trained(learner.inference_model(), history, state)


def _history(task: Task, device: Device, parameters: int, course: Course) -> History:
    epochs = course.epochs
    return History(
        network=task.config.network,
        parameters=parameters,
        device=device.name,
        precision=device.precision,
        seed=task.config.seed,
        metric=task.metric,
        resumed_from=course.resumed_from or None,
        best_epoch=course.best_epoch,
        seconds=sum(epoch.seconds for epoch in epochs),
        images_per_second=len(epochs) / sum(1 / epoch.images_per_second for epoch in epochs),
        epochs=epochs,
    )
