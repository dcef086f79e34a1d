"""What the gate judges by: answers for images that no model in question has seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.score import score
from recognition.evaluation.shared_images import SharedImages

Labels = NDArray[np.integer]
CHAMPION, CANDIDATE = 0, 1  # their places among the answers of a pair


@dataclass(frozen=True)
class Trial:
    """A candidate alone.

    Attributes:
        metric: "accuracy", "balanced_accuracy" or "macro_f1".
        split: The side of the data that the images are of.
        true: Integers, (n,).
        predicted: Integers, (n,), the candidate's.
        excluded: Number of images left out.
    """

    metric: str
    split: str
    true: Labels
    predicted: Labels
    excluded: int

    @property
    def score(self) -> float | None:
        """The candidate's metric; None where there is no image."""
        return score(self.metric, self.true, self.predicted) if len(self.true) else None


@dataclass(frozen=True)
class NewClass:
    """A class that the champion does not know: its images, and how many of them the candidate has right."""

    name: str
    images: int
    right: int


@dataclass(frozen=True)
class Pair:
    """A candidate and a champion on the same images.

    Attributes:
        metric: As of `Trial`.
        split: Likewise.
        shared: The images of classes that both know, and the answers of CHAMPION and CANDIDATE.
        excluded: Number of images left out.
        version: The champion's version.
        superclass_of: Name of the superclass of each class by its name; empty where there are none.
        added: Classes that the champion does not know.
        removed: Names of classes that only the champion knows.
    """

    metric: str
    split: str
    shared: SharedImages
    excluded: int
    version: str
    superclass_of: dict[str, str]
    added: tuple[NewClass, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def classes_changed(self) -> bool:
        """Whether the two do not know the same classes."""
        return bool(self.added or self.removed)

    @property
    def discordant(self) -> tuple[int, int]:
        """How many images only the candidate has right, and how many only the champion."""
        champion, candidate = (self.shared.answers[place].right for place in (CHAMPION, CANDIDATE))
        return int(np.sum(candidate & ~champion)), int(np.sum(champion & ~candidate))
