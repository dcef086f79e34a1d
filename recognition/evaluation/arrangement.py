"""The order in which a confusion matrix shows its classes: those of a superclass, or of a cluster, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.clustering import cluster_classes
from recognition.evaluation.evaluation import Evaluation


@dataclass(frozen=True)
class Group:
    """Neighbours in the arranged order: their name, first position and number of classes."""

    name: str
    start: int
    size: int

    @property
    def middle(self) -> float:
        """Where a label goes, in cells from the edge of the first class."""
        return self.start + self.size / 2


@dataclass(frozen=True)
class Arrangement:
    """Classes in the order shown.

    Attributes:
        order: int64, (classes,), the class at each position.
        groups: Superclasses that have classes, by position; empty where there are no superclasses.
        shares: float64, (classes, classes), the confusion matrix arranged, as shares of each true class's images;
            rows without images are 0.
        counts: int64, (classes, classes), the confusion matrix arranged.
    """

    order: NDArray[np.int64]
    groups: tuple[Group, ...]
    shares: NDArray[np.float64]
    counts: NDArray[np.int64]


def arrange(evaluation: Evaluation) -> Arrangement:
    """Order the classes by superclass and, within one, by index; without superclasses by clustering the confusions."""
    owners, counts = evaluation.superclass_of, evaluation.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    order = np.argsort(owners, kind="stable") if len(owners) else cluster_classes(shares)
    arranged = np.ix_(order, order)
    return Arrangement(order, _groups(owners, evaluation.superclass_names), shares[arranged], counts[arranged])


def axis_labels(arrangement: Arrangement, class_names: tuple[str, ...], limit: int) -> tuple[Group, ...]:
    """What to write along an axis: every class if they are at most `limit`, else superclasses, evenly thinned.

    Args:
        arrangement: The order shown.
        class_names: Class names by index.
        limit: At most this many labels.
    """
    labels = tuple(Group(class_names[index], place, 1) for place, index in enumerate(arrangement.order))
    if len(labels) > limit and arrangement.groups:
        labels = arrangement.groups
    return labels[:: -(-len(labels) // limit)]


def _groups(owners: NDArray[np.int32], names: tuple[str, ...]) -> tuple[Group, ...]:
    sizes = np.bincount(owners, minlength=len(names))
    starts = np.cumsum(sizes) - sizes
    rows = zip(names, starts.tolist(), sizes.tolist(), strict=True)
    return tuple(Group(name, start, size) for name, start, size in rows if size)
