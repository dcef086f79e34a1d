"""Predictions of many images as a file, with what came of them."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recognition.prediction.tally import Tally

FILE = "predictions.parquet"


@dataclass(frozen=True, eq=False)
class Predictions:
    """One row an image in a parquet file, with the columns that `recognition.prediction.writers` documents.

    Attributes:
        path: The file on this machine.
        answered: How many images got a class as answer.
        rejected: How many got "none of these".
        failed: How many could not be read.
        labels: Answers by class name, the most frequent first.
    """

    path: Path
    answered: int
    rejected: int
    failed: int
    labels: Mapping[str, int]

    @property
    def images(self) -> int:
        """How many there were."""
        return self.answered + self.rejected + self.failed

    @property
    def rejected_share(self) -> float:
        """Share of the readable images that got "none of these"; 0 without any."""
        return self.rejected / max(1, self.answered + self.rejected)


def temporary_path() -> Path:
    """Where predictions may be written, in a folder of its own."""
    return Path(tempfile.mkdtemp(prefix="predictions-")) / FILE


def temporary_predictions(path: Path, tally: Tally) -> Predictions:
    """Predictions whose folder, one of `temporary_path`, goes with them.

    Args:
        path: The file.
        tally: What came of its images.
    """
    labels = dict(tally.labels.most_common())
    predictions = Predictions(path, tally.answered, tally.rejected, tally.failed, labels)
    weakref.finalize(predictions, shutil.rmtree, path.parent, ignore_errors=True)
    return predictions
