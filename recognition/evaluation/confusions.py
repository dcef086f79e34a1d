"""What a model gets wrong most: the weakest classes and the pairs that it confuses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.evaluation import ClassMetrics, Evaluation

PAIRS = 10  # that are told, at most
EXAMPLES = 5  # images of each of their classes, at most


@dataclass(frozen=True)
class WeakClass:
    """A class of low recall.

    `mistaken_for` is the class index most often predicted instead and `mistakes` how often; None and 0 without any.
    """

    index: int
    metrics: ClassMetrics
    mistaken_for: int | None
    mistakes: int


@dataclass(frozen=True)
class Mistaken:
    """Images of the class `true` that were taken for the class `predicted`.

    Attributes:
        true: Class index.
        predicted: Class index.
        count: Number of images of `true` predicted as `predicted`.
        examples: Positions in the split, the most certain mistakes first; images of `true` where there is no mistake.
    """

    true: int
    predicted: int
    count: int
    examples: tuple[int, ...]


@dataclass(frozen=True)
class ConfusedPair:
    """Two classes taken for each other, the more frequent direction first.

    `count` adds both directions; `share` is `count` over all images of both classes.
    """

    forth: Mistaken
    back: Mistaken
    count: int
    share: float
    same_superclass: bool | None


def worst_classes(evaluation: Evaluation) -> tuple[WeakClass, ...]:
    """The classes of lowest recall among those that have images, weakest first; ties by index."""
    classes = evaluation.metrics.classes
    indices = [i for i, each in enumerate(classes) if each.support]
    indices.sort(key=lambda i: (classes[i].recall, i))
    return tuple(_weak_class(evaluation, i) for i in indices)


def confused_pairs(evaluation: Evaluation) -> tuple[ConfusedPair, ...]:
    """The pairs of classes most often taken for each other, most frequent first; ties by index."""
    both = np.triu(evaluation.confusion + evaluation.confusion.T, k=1)
    pairs = np.argsort(-both, axis=None, kind="stable")[:PAIRS]
    firsts, seconds = np.unravel_index(pairs, both.shape)
    rows = zip(firsts.tolist(), seconds.tolist(), strict=True)
    return tuple(_pair(evaluation, a, b) for a, b in rows if both[a, b])


def _weak_class(evaluation: Evaluation, index: int) -> WeakClass:
    row = evaluation.confusion[index].copy()
    row[index] = 0
    other, metrics = int(row.argmax()), evaluation.metrics.classes[index]
    return WeakClass(index, metrics, other, int(row[other])) if row[other] else WeakClass(index, metrics, None, 0)


def _pair(evaluation: Evaluation, first: int, second: int) -> ConfusedPair:
    directions = [_mistaken(evaluation, *pair) for pair in ((first, second), (second, first))]
    forth, back = sorted(directions, key=lambda each: -each.count)
    count = forth.count + back.count
    images = int(evaluation.confusion[[first, second]].sum())
    owners = evaluation.superclass_of
    same = bool(owners[first] == owners[second]) if len(owners) else None
    return ConfusedPair(forth, back, count, count / images, same)


def _mistaken(evaluation: Evaluation, true: int, predicted: int) -> Mistaken:
    count = int(evaluation.confusion[true, predicted])
    return Mistaken(true, predicted, count, _examples(evaluation, true, predicted if count else None))


def _examples(evaluation: Evaluation, true: int, predicted: int | None) -> tuple[int, ...]:
    table = evaluation.predictions
    chosen: NDArray[np.bool_] = (table["true"] == true).to_numpy()
    if predicted is not None:
        chosen = chosen & (table["predicted"] == predicted).to_numpy()
    rows = table[chosen].sort_values("probability_1", ascending=False, kind="stable")
    return tuple(rows["index"].head(EXAMPLES).tolist())
