"""Who hears how a training goes."""

from __future__ import annotations

from recognition.training.history import Epoch


class TrainingListener:
    """Hears everything and does nothing; override what you want to hear."""

    def log(self, text: str) -> None:
        """A sentence about the training."""

    def on_step(self, images: int, total: int, images_per_second: float) -> None:
        """A step ended.

        Args:
            images: Images seen since the first epoch.
            total: Images to see in the whole training.
            images_per_second: Speed of this epoch so far.
        """

    def on_epoch(self, epoch: Epoch) -> None:
        """An epoch ended and its validation was scored."""

    def should_stop(self) -> bool:
        """Whether the training is to write its state down and stop; asked between steps."""
        return False
