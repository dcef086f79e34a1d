"""The classes one by one: weakest, strongest, all."""

from __future__ import annotations

from dataclasses import dataclass

from recognition.evaluation.confusions import WeakClass, worst_classes
from recognition.evaluation.evaluation import Evaluation

ENDS = 10  # weakest, and strongest


@dataclass(frozen=True)
class Classes:
    """Classes that have images by recall, the first and the last of them, and all classes by index.

    `mistaken` has an entry for each class of `every`; None for a class without images.
    """

    weakest: tuple[WeakClass, ...]
    strongest: tuple[WeakClass, ...]
    mistaken: tuple[WeakClass | None, ...]


def list_classes(evaluation: Evaluation) -> Classes:
    """Sort the classes by recall, of equal ones the lower index first; no class is among both ends."""
    ranked = worst_classes(evaluation)
    by_index = {each.index: each for each in ranked}
    ends = min(ENDS, max(1, len(ranked) // 2))
    best = sorted(ranked[ends:], key=lambda each: (-each.metrics.recall, each.index))
    return Classes(
        weakest=ranked[:ends],
        strongest=tuple(best[:ends]),
        mistaken=tuple(by_index.get(index) for index in range(len(evaluation.class_names))),
    )
