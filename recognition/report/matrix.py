"""Confusion matrices as the page draws them: a few SVG paths a view, and what a reader who points at a cell is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.arrangement import Arrangement, Group, arrange, axis_labels
from recognition.evaluation.evaluation import Evaluation
from recognition.report.formats import integer

LABELS = 40  # along an axis; more would overlap
WRITTEN = 12  # classes up to which the cells hold their numbers
Steps = tuple[tuple[float, float], ...]  # share of the largest value up to which, and the opacity of such a cell
RIGHT: Steps = tuple((step / 10, 0.1 + 0.9 * step / 10) for step in range(1, 11))
MISTAKES: Steps = ((0.005, 0.12), (0.02, 0.3), (0.05, 0.45), (0.1, 0.6), (0.2, 0.75), (0.4, 0.9), (1.0, 1.0))
RELATIVE: Steps = ((0.1, 0.2), (0.2, 0.35), (0.35, 0.5), (0.5, 0.65), (0.75, 0.85), (1.0, 1.0))


@dataclass(frozen=True)
class Layer:
    """All cells of one colour.

    `kind` is a CSS class, "right" or "wrong"; `path` is SVG, unit squares; `most` is the largest value of that colour.
    """

    kind: str
    opacity: float
    path: str
    most: str


@dataclass(frozen=True)
class View:
    """One way to colour a matrix; `texts` are (column, row, number) where it is small enough to hold numbers."""

    name: str
    layers: tuple[Layer, ...]
    texts: tuple[tuple[int, int, str], ...]

    @property
    def legend(self) -> tuple[Layer, ...]:
        """The palest, a middle and the strongest colour of mistakes, as far as there are so many."""
        wrong = [layer for layer in self.layers if layer.kind == "wrong"]
        return tuple(wrong[place] for place in sorted({0, len(wrong) // 2, len(wrong) - 1}) if wrong)


@dataclass(frozen=True)
class Matrix:
    """What the template needs to draw a confusion matrix of `size` classes.

    `of` says what the classes are; `right` is the share of images on the diagonal; `data` goes to the script as JSON:
    `names` and `groups` in the order shown, `cells` as [row, column, count, row, …] without the empty ones.
    """

    of: str
    size: int
    right: float
    views: tuple[View, ...]
    groups: tuple[Group, ...]
    labels: tuple[Group, ...]
    data: dict[str, object]

    @property
    def longest(self) -> int:
        """Characters of the longest label."""
        return max(len(label.name) for label in self.labels)


def draw_matrices(evaluation: Evaluation) -> tuple[Matrix, ...]:
    """Lay out the matrix of classes, ordered and framed by superclass, and that of superclasses where there are any."""
    arrangement = arrange(evaluation)
    owners = evaluation.superclass_of
    names = [evaluation.class_names[index] for index in arrangement.order]
    above = [evaluation.superclass_names[owner] for owner in owners[arrangement.order]] if len(owners) else []
    labels = axis_labels(arrangement, evaluation.class_names, LABELS)
    classes = _matrix("classes", arrangement, names, above, labels)
    return (classes, _superclasses(arrangement)) if len(arrangement.groups) > 1 else (classes,)


def _superclasses(arrangement: Arrangement) -> Matrix:
    starts = [group.start for group in arrangement.groups]
    counts = np.add.reduceat(np.add.reduceat(arrangement.counts, starts, axis=0), starts, axis=1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    groups = Arrangement(np.arange(len(starts)), (), shares, counts)
    names = tuple(group.name for group in arrangement.groups)
    return _matrix("superclasses", groups, names, [], axis_labels(groups, names, LABELS))


def _matrix(
    of: str, arrangement: Arrangement, names: Sequence[str], above: Sequence[str], labels: tuple[Group, ...]
) -> Matrix:
    counts = arrangement.counts
    return Matrix(
        of=of,
        size=len(counts),
        right=float(np.trace(counts) / counts.sum()),
        views=_views(arrangement, of == "classes" and len(counts) <= WRITTEN),
        groups=arrangement.groups,
        labels=labels,
        data={"names": list(names), "groups": list(above), "cells": _cells(counts)},
    )


def _views(arrangement: Arrangement, written: bool) -> tuple[View, ...]:
    """Shares of each true class, counts, and shares of the errors alone, whose largest has the strongest colour."""
    shares, counts = arrangement.shares, arrangement.counts.astype(float)
    errors = np.where(np.eye(len(shares), dtype=bool), 0.0, shares)
    return (
        View("shares", _layers(shares, 1.0, MISTAKES, _percent), _texts(shares, _percent) if written else ()),
        View("counts", _layers(counts, counts.max(), MISTAKES, _whole), _texts(counts, integer) if written else ()),
        View("errors", _layers(errors, errors.max(), RELATIVE, _percent), _texts(errors, _percent) if written else ()),
    )


def _layers(
    values: NDArray[np.float64], largest: float, mistakes: Steps, write: Callable[[float], str]
) -> tuple[Layer, ...]:
    diagonal = np.eye(len(values), dtype=bool)
    layers = []
    for kind, part, steps in (("right", diagonal, RIGHT), ("wrong", ~diagonal, mistakes)):
        bounds = [0.0, *(bound * largest for bound, _ in steps)]
        for (low, high), (_, opacity) in zip(pairwise(bounds), steps, strict=True):
            path = _path(part & (values > low) & (values <= high))
            layers += [Layer(kind, opacity, path, write(high))] if path else []
    return tuple(layers)


def _path(cells: NDArray[np.bool_]) -> str:
    return "".join(f"M{column} {row}h1v1h-1z" for row, column in np.argwhere(cells).tolist())


def _texts(values: NDArray[np.float64], write: Callable[[float], str]) -> tuple[tuple[int, int, str], ...]:
    return tuple((column, row, write(values[row, column])) for row, column in np.argwhere(values).tolist())


def _percent(share: float) -> str:
    """A share of at most 100 %, with a decimal where it is small."""
    return f"{100 * share:.1f}".removesuffix(".0") if share < 0.1 else f"{100 * share:.0f}"


def _whole(count: float) -> str:
    return integer(math.floor(count))


def _cells(counts: NDArray[np.int64]) -> list[int]:
    rows, columns = np.nonzero(counts)
    flat: list[int] = np.stack([rows, columns, counts[rows, columns]], axis=1).ravel().tolist()
    return flat
