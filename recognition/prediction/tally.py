"""Counts of predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from recognition.prediction.predict_stream import Prediction

NAMED = 3  # unreadable images that a message names
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that spreadsheets compute (OWASP, CSV injection)


@dataclass
class Tally:
    """What became of images so far.

    Attributes:
        answered: How many got a class as answer.
        rejected: How many got "none of these".
        failed: How many could not be read.
        labels: Answers by class name.
        failures: The first few that could not be read: name and reason.
        formulas: How many have a path or an answer that a spreadsheet takes for a formula.
    """

    answered: int = 0
    rejected: int = 0
    failed: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)
    formulas: int = 0

    @property
    def images(self) -> int:
        """How many there were."""
        return self.answered + self.rejected + self.failed

    def add(self, predictions: Iterable[Prediction]) -> None:
        """Count predictions."""
        for prediction in predictions:
            label = prediction.answer.label if prediction.answer else None
            self.formulas += prediction.path.startswith(FORMULA) or (label or "").startswith(FORMULA)
            if prediction.answer is None:
                self.failed += 1
                if len(self.failures) < NAMED:
                    self.failures.append((prediction.path, prediction.error))
            elif prediction.answer.label is None:
                self.rejected += 1
            else:
                self.answered += 1
                self.labels[prediction.answer.label] += 1
