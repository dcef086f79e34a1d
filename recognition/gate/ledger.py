"""The decisions that were taken on the same images, by and large: what their significance level was spent on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from recognition.gate.spending import next_level

SKETCHED = 64  # smallest hashes that stand for a set of images: likeness is known to about 6 points
SAME = 0.5  # likeness from which two sets are the same images by and large
KEPT = 64  # decisions that are remembered one by one; of earlier ones only that they were


class Entry(BaseModel):
    """A decision: its number from 1, who was tested against whom, at which level, and whether the test was passed."""

    model_config = ConfigDict(frozen=True)

    number: int
    hypothesis: str
    level: float
    rejected: bool


class Ledger(BaseModel):
    """What was decided on a set of images.

    Attributes:
        name: Its own, for as long as it lasts.
        sketch: The set's smallest hashes, ascending, 16 hexadecimal digits each, as of the last decision.
        entries: The last decisions, oldest first.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    sketch: tuple[str, ...]
    entries: tuple[Entry, ...] = ()

    def find(self, hypothesis: str) -> Entry | None:
        """The decision that was taken on a hypothesis, None where there was none."""
        return next((entry for entry in self.entries if entry.hypothesis == hypothesis), None)

    def terms(self, hypothesis: str, level: float, half_spent: int) -> tuple[int, float]:
        """Number and level of a decision; those that it had where it is a repeated one, which costs nothing.

        Args:
            hypothesis: Who is tested against whom.
            level: Of all decisions together.
            half_spent: As of `spending.own_level`.
        """
        known = self.find(hypothesis)
        if known is not None:
            return known.number, known.level
        last = self.entries[-1] if self.entries else None
        number = last.number + 1 if last else 1
        return number, next_level(level, half_spent, number, last)

    def record(self, entry: Entry) -> Ledger:
        """The ledger with one more decision; with none more where it was repeated."""
        if self.find(entry.hypothesis) is not None:
            return self
        return self.model_copy(update={"entries": (*self.entries, entry)[-KEPT:]})


def open_ledger(ledgers: Iterable[Ledger], hashes: NDArray[np.uint64]) -> Ledger:
    """The ledger of a set of images: that of the likest set, or a new one where all are mostly others.

    A data set that grows night by night has other images each time, yet nearly the same: it must not begin anew.

    Args:
        ledgers: Those that there are.
        hashes: uint64, (n,), content hashes of the images.
    """
    sketch = sketch_of(hashes)
    likest = max(ledgers, key=lambda ledger: likeness(ledger.sketch, sketch), default=None)
    if likest is None or likeness(likest.sketch, sketch) < SAME:
        return Ledger(name=hashlib.sha256("".join(sketch).encode()).hexdigest()[:16], sketch=sketch)
    return likest.model_copy(update={"sketch": sketch})


def sketch_of(hashes: NDArray[np.uint64]) -> tuple[str, ...]:
    """The SKETCHED smallest of a set of hashes, ascending, in hexadecimal.

    A. Broder, "On the resemblance and containment of documents", Proceedings of SEQUENCES (1997).

    Args:
        hashes: uint64, (n,); copies count once.
    """
    return tuple(f"{value:016x}" for value in np.unique(hashes)[:SKETCHED].tolist())


def likeness(one: Iterable[str], other: Iterable[str]) -> float:
    """An estimate of the share of the images of both sets together that are in each of the two.

    Args:
        one: From `sketch_of`.
        other: Likewise.
    """
    first, second = set(one), set(other)
    smallest = sorted(first | second)[:SKETCHED]
    return len(first & second & set(smallest)) / len(smallest) if smallest else 0.0
