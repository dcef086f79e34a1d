"""How far a model's probabilities can be trusted: reliability, expected calibration error, Brier score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from recognition.evaluation.temperature import FLOOR

BINS = 15  # as in C. Guo et al.: On Calibration of Modern Neural Networks, ICML 2017
BLOCK = 8192  # images squared at a time, which bounds the memory that a thousand classes take


class Bin(BaseModel):
    """Images whose confidence is above `lower` and at most `upper`.

    `confidence` is their mean confidence and `accuracy` the share of them that is right; None where there are none.
    """

    model_config = ConfigDict(frozen=True)

    lower: float
    upper: float
    images: int
    confidence: float | None
    accuracy: float | None


class Confidence(BaseModel):
    """How well confidence, an image's largest probability, agrees with what is right.

    Attributes:
        nll: Mean negative log-likelihood of the true class, in nats.
        brier: Mean over images of the squared error of the probabilities, summed over all classes: 0 is best, 2 worst
            (G. W. Brier 1950).
        ece: Expected calibration error: the mean over images of |confidence - accuracy| of their bin, of BINS bins of
            equal width (C. Guo et al. 2017).
        adaptive_ece: The same with BINS bins of equally many images, equal confidences in one bin (K. Nguyen and
            B. O'Connor 2015; J. Nixon et al.: Measuring Calibration in Deep Learning, 2019). Only the largest
            probability of each image counts.
        mean: Mean confidence; above the accuracy the model is overconfident, below it underconfident.
        bins: Those of `ece`, the reliability diagram.
    """

    model_config = ConfigDict(frozen=True)

    nll: float
    brier: float
    ece: float
    adaptive_ece: float
    mean: float
    bins: tuple[Bin, ...]


def confidence_of(
    probabilities: NDArray[np.float32], labels: NDArray[np.integer], hits: NDArray[np.bool_]
) -> Confidence:
    """Measure how well probabilities agree with what is right.

    Args:
        probabilities: float32, (n, classes), n of 1 or more.
        labels: Integers, (n,), the true classes.
        hits: bool, (n,), whether the prediction is right.
    """
    tops = probabilities.max(axis=1).astype(np.float64)
    likelihoods = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    width, mass = equal_width_bins(tops), equal_mass_bins(tops)
    return Confidence(
        nll=float(-np.log(np.maximum(likelihoods, FLOOR)).mean()),
        brier=float((_squares(probabilities) - 2 * likelihoods + 1).mean()),
        ece=_calibration_error(width, tops, hits),
        adaptive_ece=_calibration_error(mass, tops, hits),
        mean=float(tops.mean()),
        bins=_reliability(width, tops, hits),
    )


def equal_width_bins(confidences: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin of each confidence, of BINS that divide 0 to 1 evenly; a bin holds its upper edge."""
    return np.clip(np.ceil(confidences * BINS).astype(np.int64) - 1, 0, BINS - 1)


def equal_mass_bins(confidences: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin of each confidence, of BINS that hold equally many, but for equal ones, which share a bin."""
    places = np.arange(1, BINS) * len(confidences) // BINS
    return np.searchsorted(np.sort(confidences)[places], confidences, side="right").astype(np.int64)


def _calibration_error(bins: NDArray[np.int64], confidences: NDArray[np.float64], hits: NDArray[np.bool_]) -> float:
    gaps = np.bincount(bins, confidences, BINS) - np.bincount(bins, hits, BINS)
    return float(np.abs(gaps).sum() / len(hits))


def _reliability(bins: NDArray[np.int64], confidences: NDArray[np.float64], hits: NDArray[np.bool_]) -> tuple[Bin, ...]:
    images = np.bincount(bins, minlength=BINS)
    sums = np.bincount(bins, confidences, BINS), np.bincount(bins, hits, BINS)
    with np.errstate(invalid="ignore"):
        means = [(column / images).tolist() for column in sums]
    rows = zip(images.tolist(), *means, strict=True)
    return tuple(
        Bin(
            lower=number / BINS,
            upper=(number + 1) / BINS,
            images=count,
            confidence=confidence if count else None,
            accuracy=accuracy if count else None,
        )
        for number, (count, confidence, accuracy) in enumerate(rows)
    )


def _squares(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Each row's sum of squares; scikit-learn's brier_score_loss would need a second matrix, of the labels."""
    blocks = (probabilities[start : start + BLOCK] for start in range(0, len(probabilities), BLOCK))
    return np.concatenate([np.einsum("ij,ij->i", block, block, dtype=np.float64) for block in blocks])
