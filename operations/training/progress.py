"""What a training says on the terminal: a bar, and a line for each epoch."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Never

from tqdm import tqdm

from operations.platform.console import PLAIN_INTERVAL, echo
from recognition.evaluation.score import in_words
from recognition.training.history import Epoch
from recognition.training.listener import TrainingListener


class TrainingProgress(TrainingListener):
    """A bar with images/s and time left on a terminal, a plain line now and then elsewhere.

    Args:
        metric: What decides the best epoch.
        stop: Whether the training is to stop.
    """

    def __init__(self, metric: str, stop: Callable[[], bool] = lambda: False) -> None:
        self._metric, self._stop = metric, stop
        self._terminal = sys.__stdout__ is not None and sys.__stdout__.isatty()
        self._bar: tqdm[Never] | None = None
        self._last_line = time.monotonic()

    def should_stop(self) -> bool:
        """What `stop` says."""
        return self._stop()

    def log(self, text: str) -> None:
        """Print a sentence about the training."""
        self._clear()
        echo(f"  {text}")

    def on_step(self, images: int, total: int, images_per_second: float) -> None:
        """Move the bar, or print a line if the last is long ago."""
        if self._terminal:
            self._draw(images, total)
        elif time.monotonic() - self._last_line >= PLAIN_INTERVAL:
            self._last_line = time.monotonic()
            left = (total - images) / images_per_second
            echo(f"  {images:,} of {total:,} images, {images_per_second:.0f} images/s, {left:.0f} s left")

    def on_epoch(self, epoch: Epoch) -> None:
        """Print what the epoch reached."""
        self._clear()
        self._last_line = time.monotonic()
        echo(
            f"  epoch {epoch.epoch}: loss {epoch.train_loss:.3f}, validation loss {epoch.validation_loss:.3f}, "
            f"validation accuracy {epoch.validation_accuracy:.2%}, {self._score(epoch)}"
            f"{epoch.images_per_second:.0f} images/s, {epoch.seconds:.0f} s"
        )

    def _score(self, epoch: Epoch) -> str:
        return "" if self._metric == "accuracy" else f"{in_words(self._metric)} {epoch.validation_score:.2%}, "

    def _draw(self, images: int, total: int) -> None:
        if self._bar is None:
            self._bar = tqdm(
                total=total, initial=images, unit=" images", file=sys.__stdout__, leave=False, dynamic_ncols=True
            )
        self._bar.update(images - self._bar.n)

    def _clear(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
