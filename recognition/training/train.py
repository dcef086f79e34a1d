"""The training loop, to be read from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.evaluation.score import in_words
from recognition.training.checkpoint import Checkpoint
from recognition.training.class_weights import described
from recognition.training.device import Device, choose_device
from recognition.training.distribution import choose_distribution
from recognition.training.epoch import run_epoch
from recognition.training.history import History
from recognition.training.listener import TrainingListener
from recognition.training.task import Task
from recognition.training.trainer_state import TrainerState

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
    listener.log(f"training on {device.name} ({device.reason}{shared})")
    learner = Learner(task.dataset, task.plan, config, device, distribution, task.initial)
    if learner.loaded is not None:
        listener.log(learner.loaded.described())
    if config.class_weights != "none":
        listener.log(described(learner.class_weights, task.dataset.classes))

    state = TrainerState(learner, task, checkpoints, distribution, listener, every_seconds)
    while state.should_continue():
        index, progress = len(state.epochs), state.progress
        state.on_epoch(run_epoch(learner, task, index, listener, progress, state.on_step))
    if len(state.epochs) < task.first + task.scheduled.epochs:
        end = f"stopped after epoch {len(state.epochs)}"
        listener.log(f"{end}: no better {in_words(task.metric)} since epoch {state.best_epoch}")

    last = state.checkpoint()
    learner.load_weights(state.best)
    history = _history(task, device, learner.network.count_params(), state)
    return Trained(learner.inference_model(), history, last)


def _history(task: Task, device: Device, parameters: int, state: TrainerState) -> History:
    epochs = state.epochs
    return History(
        network=task.config.network,
        parameters=parameters,
        device=device.name,
        precision=device.precision,
        seed=task.config.seed,
        metric=task.metric,
        resumed_from=state.resumed_from or None,
        best_epoch=state.best_epoch,
        seconds=sum(epoch.seconds for epoch in epochs),
        images_per_second=len(epochs) / sum(1 / epoch.images_per_second for epoch in epochs),
        epochs=epochs,
    )
