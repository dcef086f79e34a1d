"""How far a training has come, in memory and on disk."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.configuration.schema import TrainConfig
from recognition.errors import InputError, TrainingStopped
from recognition.training.checkpoint import Checkpoint, load_checkpoint, require_checkpoint, save_checkpoint
from recognition.training.distribution import Distribution
from recognition.training.history import Epoch, Partial
from recognition.training.listener import TrainingListener

if TYPE_CHECKING:
    from recognition.training.learner import Learner


class Course:
    """The epochs so far, the best of them, and the checkpoints that keep them.

    Args:
        learner: What learns; goes on from the last checkpoint where there is one.
        config: The recipe.
        checkpoints: Their folder. Every worker reads it, the chief writes.
        distribution: Who trains.
        listener: Hears of epochs and of the checkpoint.
        every_seconds: Between two checkpoints.
    """

    def __init__(
        self,
        learner: Learner,
        config: TrainConfig,
        checkpoints: Path,
        distribution: Distribution,
        listener: TrainingListener,
        every_seconds: float,
    ) -> None:
        self._learner, self._config, self._folder = learner, config, checkpoints
        self._writes, self._listener = distribution.chief, listener
        self._every_seconds, self._saved = every_seconds, time.monotonic()
        self.epochs: tuple[Epoch, ...] = ()
        self.best_epoch, self.best, self.partial = 1, learner.weights(), Partial()
        if checkpoint := load_checkpoint(checkpoints, listener.say):
            self._resume(checkpoint)
        if distribution.workers > 1:
            self._require_common_start(distribution)

    def _resume(self, checkpoint: Checkpoint) -> None:
        require_checkpoint(checkpoint, {**self._learner.state(), "best": self.best})
        self._learner.load_state(checkpoint.arrays)
        self.epochs, self.best_epoch, self.partial = checkpoint.epochs, checkpoint.best_epoch, checkpoint.partial
        self.best = checkpoint.arrays["best"]
        within = f", batch {self.partial.batches:,} of the next," if self.partial.batches else ""
        end = f"epoch {len(self.epochs)} of {self._config.epochs}"
        self._listener.say(f"resuming after {end}{within} from its checkpoint")

    def _require_common_start(self, distribution: Distribution) -> None:
        position = len(self.epochs) * 10**7 + self.partial.batches
        if not distribution.agree(position):
            raise InputError(
                "the workers of this training find different checkpoints",
                received=f"epoch {len(self.epochs)}, batch {self.partial.batches} on this worker",
                expected="one folder of checkpoints for all, which the chief writes and every worker reads",
                remedy="put the state folder on a volume that all workers share, or train with --fresh",
            )

    def goes_on(self) -> bool:
        """Whether another epoch follows."""
        patient = self._config.patience is None or len(self.epochs) - self.best_epoch < self._config.patience
        return len(self.epochs) < self._config.epochs and patient

    def pause(self, partial: Partial) -> None:
        """Between two steps: write the state down where it is time."""
        stop = self._listener.should_stop()
        if stop or time.monotonic() - self._saved >= self._every_seconds:
            self.partial = partial
            self._save()
        if stop:
            raise _stopped()

    def finish(self, epoch: Epoch) -> None:
        """Take an epoch in."""
        self.epochs, self.partial = (*self.epochs, epoch), Partial()
        self._listener.on_epoch(epoch)
        if _better(epoch, self.epochs[self.best_epoch - 1]):
            with self._learner.averaged():
                self.best_epoch, self.best = epoch.epoch, self._learner.weights()
        self._save()
        if self.goes_on() and self._listener.should_stop():
            raise _stopped()

    def _save(self) -> None:
        if self._writes:
            state = {**self._learner.state(), "best": self.best}
            save_checkpoint(self._folder, Checkpoint(state, self.epochs, self.best_epoch, self.partial))
        self._saved = time.monotonic()


def _stopped() -> TrainingStopped:
    return TrainingStopped("the training was asked to stop", remedy="the same command goes on from here")


def _better(epoch: Epoch, best: Epoch) -> bool:
    """A higher validation score wins, a lower validation loss breaks ties."""
    return (epoch.validation_score, -epoch.validation_loss) >= (best.validation_score, -best.validation_loss)
