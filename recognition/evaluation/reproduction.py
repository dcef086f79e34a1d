"""How well a second training of the same recipe gives what the first gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.errors import RecognitionError
from recognition.evaluation.evaluation import Evaluation

BIT_EQUAL, WITHIN, DIFFERENT = "bit-equal", "within tolerance", "different"
Weights = Sequence[NDArray[np.generic]]


@dataclass(frozen=True)
class Reproduction:
    """What a comparison found; shares as fractions.

    Attributes:
        verdict: BIT_EQUAL, WITHIN or DIFFERENT.
        reason: Why, for people.
        weights: Arrays that both models have.
        equal_weights: How many of them are equal, bit for bit.
        images: Test images.
        changed: How many of them are predicted otherwise.
        touched: How many differ in any number that is stored of their prediction.
        largest_difference: Of the probability of an image's true class.
        accuracies: The first one's and the second one's.
    """

    verdict: str
    reason: str
    weights: int
    equal_weights: int
    images: int
    changed: int
    touched: int
    largest_difference: float
    accuracies: tuple[float, float]


def compare_trainings(
    weights: tuple[Weights, Weights], evaluations: tuple[Evaluation, Evaluation], tolerance: float | None = None
) -> Reproduction:
    """Compare two trainings' weights, and their predictions on the same test images.

    Args:
        weights: All arrays of each model, in the model's order.
        evaluations: Of the same images in the same order.
        tolerance: How far apart the accuracies may be, as a fraction; None for as far as their 95 % intervals overlap.

    Raises:
        RecognitionError: If the evaluations are of different images.
    """
    tables = [evaluation.predictions for evaluation in evaluations]
    before, after = tables
    if len(before) != len(after) or (before["hash"] != after["hash"]).any():
        raise RecognitionError("the two trainings were tested on different images")
    pairs = list(zip(*weights, strict=False))
    equal = sum(_same_bits(*pair) for pair in pairs) if len(weights[0]) == len(weights[1]) else 0
    shared = [name for name in before if name in after]
    touched = int(np.any([before[name] != after[name] for name in shared], axis=0).sum())
    bit_equal = equal == len(weights[0]) == len(weights[1]) and touched == 0
    verdict, reason = (
        (BIT_EQUAL, "weights and predictions are the same bits") if bit_equal else _judge(evaluations, tolerance)
    )
    return Reproduction(
        verdict=verdict,
        reason=reason,
        weights=len(weights[0]),
        equal_weights=equal,
        images=len(before),
        changed=int((before["predicted"] != after["predicted"]).sum()),
        touched=touched,
        largest_difference=float((before["label_quality"] - after["label_quality"]).abs().max()),
        accuracies=(evaluations[0].metrics.accuracy, evaluations[1].metrics.accuracy),
    )


def _same_bits(one: NDArray[np.generic], other: NDArray[np.generic]) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def _judge(evaluations: tuple[Evaluation, Evaluation], tolerance: float | None) -> tuple[str, str]:
    """Whether accuracies are as near as asked for, and a sentence about it."""
    first, second = (evaluation.metrics for evaluation in evaluations)
    apart = f"accuracies differ by {100 * (second.accuracy - first.accuracy):+.2f} points"
    if tolerance is not None:
        within = round(abs(second.accuracy - first.accuracy), 9) <= tolerance  # rounding is no difference
        return (WITHIN if within else DIFFERENT), f"{apart}, where {100 * tolerance:g} may be"
    low = max(first.accuracy_interval[0], second.accuracy_interval[0])
    high = min(first.accuracy_interval[1], second.accuracy_interval[1])
    points = f"{100 * abs(high - low):.2f} points"
    words = f"overlap by {points}" if low <= high else f"are {points} apart"
    return (WITHIN if low <= high else DIFFERENT), f"{apart}; their 95 % intervals {words}"
