"""The confusion matrix as the page draws it: a few SVG paths, and what a reader who points at a cell is told."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.arrangement import Arrangement, Group, arrange, axis_labels
from recognition.evaluation.evaluation import Evaluation

LABELS = 40  # along an axis; more would overlap
COUNTED = 20  # classes up to which the cells hold their counts
MISTAKES = ((0.02, 0.3), (0.05, 0.45), (0.1, 0.6), (0.2, 0.75), (0.4, 0.9), (1.0, 1.0))  # share up to, opacity
RIGHT = tuple((step / 10, 0.1 + 0.9 * step / 10) for step in range(1, 11))


@dataclass(frozen=True)
class Layer:
    """All cells of one colour: a CSS class ("right" or "wrong"), an opacity and an SVG path of unit squares."""

    kind: str
    opacity: float
    path: str


@dataclass(frozen=True)
class Matrix:
    """What the template needs to draw a confusion matrix of `size` classes.

    `texts` are (column, row, count) of a matrix small enough to hold numbers; `data` goes to the script as JSON.
    """

    size: int
    layers: tuple[Layer, ...]
    groups: tuple[Group, ...]
    labels: tuple[Group, ...]
    texts: tuple[tuple[int, int, int], ...]
    data: dict[str, object]

    @property
    def longest(self) -> int:
        """Characters of the longest label."""
        return max(len(label.name) for label in self.labels)


def draw_matrix(evaluation: Evaluation) -> Matrix:
    """Lay out an evaluation's confusion matrix, ordered and framed by superclass."""
    arrangement = arrange(evaluation)
    size = len(arrangement.order)
    diagonal = np.eye(size, dtype=bool)
    layers = _layers(arrangement, diagonal, "right", RIGHT) + _layers(arrangement, ~diagonal, "wrong", MISTAKES)
    labels = axis_labels(arrangement, evaluation.class_names, LABELS)
    return Matrix(size, layers, arrangement.groups, labels, _texts(arrangement), _data(arrangement, evaluation))


def _layers(
    arrangement: Arrangement, part: NDArray[np.bool_], kind: str, steps: tuple[tuple[float, float], ...]
) -> tuple[Layer, ...]:
    shares = np.where(part, arrangement.shares, 0.0)
    bounds = [0.0, *(bound for bound, _ in steps)]
    between = [(shares > low) & (shares <= high) for low, high in pairwise(bounds)]
    layers = (Layer(kind, opacity, _path(cells)) for cells, (_, opacity) in zip(between, steps, strict=True))
    return tuple(layer for layer in layers if layer.path)


def _path(cells: NDArray[np.bool_]) -> str:
    return "".join(f"M{column} {row}h1v1h-1z" for row, column in np.argwhere(cells).tolist())


def _texts(arrangement: Arrangement) -> tuple[tuple[int, int, int], ...]:
    if len(arrangement.order) > COUNTED:
        return ()
    places = np.argwhere(arrangement.counts).tolist()
    return tuple((column, row, int(arrangement.counts[row, column])) for row, column in places)


def _data(arrangement: Arrangement, evaluation: Evaluation) -> dict[str, object]:
    owners = evaluation.superclass_of
    groups = [evaluation.superclass_names[i] for i in owners[arrangement.order]] if len(owners) else []
    places = np.argwhere(arrangement.counts).tolist()
    cells = [
        [row, column, int(arrangement.counts[row, column]), round(float(arrangement.shares[row, column]), 4)]
        for row, column in places
    ]
    return {"names": [evaluation.class_names[i] for i in arrangement.order], "groups": groups, "cells": cells}
