"""How far a training has come, in memory and on disk."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.errors import InputError, TrainingStopped
from recognition.training.checkpoint import Checkpoint, load_checkpoint, require_checkpoint, save_checkpoint
from recognition.training.distribution import Distribution
from recognition.training.history import Epoch, EpochProgress
from recognition.training.listener import TrainingListener
from recognition.training.task import Task

if TYPE_CHECKING:
    from recognition.training.learner import Learner


class TrainerState:
    """The epochs so far, the best of them, and the checkpoints that keep them.

    Args:
        learner: What learns; goes on from the last checkpoint where there is one, else from the task's state.
        task: What is to be learned.
        checkpoints: Their folder. Every worker reads it, the chief writes.
        distribution: Who trains.
        listener: Hears of epochs and of the checkpoint.
        every_seconds: Between two checkpoints.
    """

    def __init__(
        self,
        learner: Learner,
        task: Task,
        checkpoints: Path,
        distribution: Distribution,
        listener: TrainingListener,
        every_seconds: float,
    ) -> None:
        self._learner, self._folder = learner, checkpoints
        self._first, self._last, self._patience = task.first, task.first + task.scheduled.epochs, task.config.patience
        self._writes, self._listener = distribution.chief, listener
        self._every_seconds, self._saved = every_seconds, time.monotonic()
        self.epochs: tuple[Epoch, ...] = ()
        self.best_epoch, self.best, self.progress = 1, learner.weights(), EpochProgress()
        if checkpoint := load_checkpoint(checkpoints, listener.log):
            self._go_on_from(checkpoint)
            listener.log(f"resuming after {self._place()} from its checkpoint")
        elif task.state:
            self._go_on_from(task.state)
            listener.log(f"going on after {self._place()} of a finished training")
        self.resumed_from = len(self.epochs) if checkpoint else 0
        if distribution.workers > 1:
            self._require_common_start(distribution)

    def _go_on_from(self, checkpoint: Checkpoint) -> None:
        require_checkpoint(checkpoint, {**self._learner.state(), "best": self.best})
        self._learner.load_state(checkpoint.arrays)
        self.epochs, self.best_epoch, self.progress = checkpoint.epochs, checkpoint.best_epoch, checkpoint.progress
        self.best = checkpoint.arrays["best"]

    def _place(self) -> str:
        within = f", batch {self.progress.batches:,} of the next," if self.progress.batches else ""
        return f"epoch {len(self.epochs)} of {self._last}{within}"

    def _require_common_start(self, distribution: Distribution) -> None:
        position = len(self.epochs) * 10**7 + self.progress.batches
        if not distribution.agree(position):
            raise InputError(
                "the workers of this training find different checkpoints",
                received=f"epoch {len(self.epochs)}, batch {self.progress.batches} on this worker",
                expected="one folder of checkpoints for all, which the chief writes and every worker reads",
                remedy="put the state folder on a volume that all workers share, or train with --fresh",
            )

    def should_continue(self) -> bool:
        """Whether another epoch follows."""
        last_better = max(self.best_epoch, self._first)
        patient = self._patience is None or len(self.epochs) - last_better < self._patience
        return len(self.epochs) < self._last and patient

    def on_step(self, progress: EpochProgress) -> None:
        """Between two steps: write the state down where it is time."""
        stop = self._listener.should_stop()
        if stop or time.monotonic() - self._saved >= self._every_seconds:
            self.progress = progress
            self._save()
        if stop:
            raise _stopped()

    def on_epoch(self, epoch: Epoch) -> None:
        """Take an epoch in."""
        self.epochs, self.progress = (*self.epochs, epoch), EpochProgress()
        self._listener.on_epoch(epoch)
        if _better(epoch, self.epochs[self.best_epoch - 1]):
            with self._learner.averaged():
                self.best_epoch, self.best = epoch.epoch, self._learner.weights()
        self._save()
        if self.should_continue() and self._listener.should_stop():
            raise _stopped()

    def checkpoint(self) -> Checkpoint:
        """All that the next step depends on."""
        arrays = {**self._learner.state(), "best": self.best}
        return Checkpoint(arrays, self.epochs, self.best_epoch, self.progress)

    def _save(self) -> None:
        if self._writes:
            save_checkpoint(self._folder, self.checkpoint())
        self._saved = time.monotonic()


def _stopped() -> TrainingStopped:
    return TrainingStopped("the training was asked to stop", remedy="the same command goes on from here")


def _better(epoch: Epoch, best: Epoch) -> bool:
    """A higher validation score wins, a lower validation loss breaks ties."""
    return (epoch.validation_score, -epoch.validation_loss) >= (best.validation_score, -best.validation_loss)
