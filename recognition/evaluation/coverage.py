"""Accuracy against coverage: what is gained if a person looks at the images that the model is least sure of.

R. El-Yaniv and Y. Wiener: On the Foundations of Noise-free Selective Classification, JMLR 2010; for networks,
Y. Geifman and R. El-Yaniv: Selective Classification for Deep Neural Networks, NeurIPS 2017.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

POINTS = 101  # of the curve, at most
TARGETS = (0.9, 0.95, 0.99)


class CoveragePoint(BaseModel):
    """The model answers the images whose confidence is `threshold` or more: a share `coverage`, right in `accuracy`."""

    model_config = ConfigDict(frozen=True)

    coverage: float
    accuracy: float
    threshold: float


class Target(BaseModel):
    """The largest `coverage` at which at least `accuracy` of the answers are right, and its `threshold`.

    Where no threshold reaches that, `coverage` is 0 and `threshold` None.
    """

    model_config = ConfigDict(frozen=True)

    accuracy: float
    coverage: float
    threshold: float | None


class Coverage(BaseModel):
    """The `curve` from the surest images to all of them, and what can be had at each of TARGETS.

    Thresholds are chosen on the images that they are judged on; for use, take them from validation.
    """

    model_config = ConfigDict(frozen=True)

    curve: tuple[CoveragePoint, ...]
    targets: tuple[Target, ...]


def coverage_of(confidences: NDArray[np.float32], hits: NDArray[np.bool_]) -> Coverage:
    """Every share of images that a threshold can select, thinned to a curve.

    Args:
        confidences: float32, (n,), the largest probability of each of 1 or more images; equal ones are answered
            together.
        hits: bool, (n,), whether the prediction is right.
    """
    order = np.argsort(-confidences, kind="stable")
    falling = confidences[order]
    counts = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) + 1
    accuracies = np.cumsum(hits[order])[counts - 1] / counts
    thinned = np.unique(np.rint(np.linspace(0, len(counts) - 1, POINTS)).astype(int))
    rows = zip(counts[thinned] / len(hits), accuracies[thinned], falling[counts - 1][thinned], strict=True)
    curve = (CoveragePoint(coverage=share, accuracy=right, threshold=least) for share, right, least in rows)
    return Coverage(curve=tuple(curve), targets=tuple(_target(share, counts, accuracies, falling) for share in TARGETS))


def _target(
    accuracy: float, counts: NDArray[np.int64], accuracies: NDArray[np.float64], falling: NDArray[np.float32]
) -> Target:
    reached = counts[accuracies >= accuracy]
    if not reached.size:
        return Target(accuracy=accuracy, coverage=0.0, threshold=None)
    return Target(accuracy=accuracy, coverage=reached[-1] / len(falling), threshold=falling[reached[-1] - 1])
