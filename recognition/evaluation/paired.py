"""Paired statistics: two predictors that answered for the same images, and what of their difference is chance.

A difference is always the other predictor's less the baseline's. All of it speaks of two finished models and of images
drawn like these; how another seed would do is another question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
FEW_DISCORDANT = 25  # below, McNemar's test is exact
FEWEST_IMAGES = 25  # below, a bootstrap interval is too narrow to be believed
RESAMPLES = 2000
BLOCK = 64  # resamples at a time, which bounds the memory: 50,000 images take 26 MB

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Difference:
    """A metric of two predictors on the same images.

    Attributes:
        baseline: The baseline's value.
        other: The other's value.
        low: Lower end of the interval of `other - baseline`; -inf where there are too few images for one.
        high: Upper end; inf where there are too few images.
        p: Two-sided p-value of McNemar's test; None where the metric is no share of images.
        confidence: Share of such intervals that hold the true difference.
    """

    baseline: float
    other: float
    low: float
    high: float
    p: float | None = None
    confidence: float = CONFIDENCE

    @property
    def value(self) -> float:
        """The other's value less the baseline's."""
        return self.other - self.baseline

    @property
    def direction(self) -> int:
        """1 where the other's value is larger beyond chance, -1 where it is smaller, else 0."""
        if self.low <= 0 <= self.high or (self.p is not None and self.p >= 1 - self.confidence):
            return 0
        return 1 if self.low > 0 else -1


def mcnemar(gained: ArrayLike, lost: ArrayLike) -> NDArray[np.float64]:
    """Two-sided p-values of McNemar's test, conditional on the images that one predictor has right and the other wrong.

    Exact (binomial) below FEW_DISCORDANT such images; else mid-p, which keeps its level in practice and wastes less of
    it. Fagerland, Lydersen and Laake, "The McNemar test for binary matched-pairs data: mid-p and asymptotic are better
    than exact conditional", BMC Medical Research Methodology 13:91 (2013).

    Args:
        gained: Integers, any shape: images that only the other has right.
        lost: Integers, the same shape: images that only the baseline has right.

    Returns:
        float64, that shape; 1 where no image tells the two apart.
    """
    from scipy.stats import binom

    fewer, discordant = np.minimum(gained, lost), np.add(gained, lost)
    twice = 2 * binom.cdf(fewer, discordant, 0.5)
    mid = twice - binom.pmf(fewer, discordant, 0.5)
    return np.asarray(np.minimum(1, np.where(discordant < FEW_DISCORDANT, twice, mid)))


def proportion_interval(gained: int, lost: int, images: int) -> tuple[float, float]:
    """Score interval of the difference of two paired proportions, which stays good where few images differ.

    Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample design",
    Statistics in Medicine 17:891-908 (1998). It holds the differences that the score test does not reject.

    Args:
        gained: Images that only the other has right.
        lost: Images that only the baseline has right.
        images: All images, at least one.

    Returns:
        Lower and upper end, from -1 to 1.
    """
    from scipy.stats import norm

    z, estimate = float(norm.isf((1 - CONFIDENCE) / 2)), (gained - lost) / images

    def end(outside: float) -> float:
        inside = estimate
        for _ in range(60):  # bisection to the last bit
            middle = (inside + outside) / 2
            if _is_accepted(middle, gained, lost, images, z):
                inside = middle
            else:
                outside = middle
        return inside

    return end(-1.0), end(1.0)


def proportion_score(gained: int, lost: int, images: int, difference: float) -> float:
    """Tango's score of the hypothesis that two paired proportions differ by so much.

    It is how many standard errors the difference seen lies above the supposed one, to which the errors are fitted; for
    a difference of 0, McNemar's statistic.

    Args:
        gained: Images that only the other has right.
        lost: Images that only the baseline has right.
        images: All images, at least one.
        difference: The supposed one, above -1 and below 1.

    Returns:
        The score; 0 where nothing was seen and nothing was supposed, infinite where that is impossible.
    """
    excess, variance = _score_parts(difference, gained, lost, images)
    if variance > 0:
        return float(excess / np.sqrt(variance))
    return 0.0 if excess == 0 else float(np.copysign(np.inf, excess))


def paired_shares(baseline: NDArray[np.bool_], other: NDArray[np.bool_]) -> Difference:
    """The difference of two shares of the same images, such as accuracies.

    Args:
        baseline: bool, (n,), n of 1 or more: whether the baseline is right.
        other: bool, (n,): whether the other is right.
    """
    gained, lost = int(np.sum(other & ~baseline)), int(np.sum(baseline & ~other))
    low, high = proportion_interval(gained, lost, len(baseline))
    return Difference(float(baseline.mean()), float(other.mean()), low, high, float(mcnemar(gained, lost)), CONFIDENCE)


def paired_bootstrap(
    baseline: Statistic, other: Statistic, images: int, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Difference, ...]:
    """The difference of any statistics of the same images, with percentile bootstrap intervals.

    Both see the same resamples of the images. Efron and Tibshirani, "An Introduction to the Bootstrap" (1993),
    chapter 13; below FEWEST_IMAGES the interval is infinite, as it would promise too much.

    Args:
        baseline: A function of how often each image is drawn, float64, (n, resamples), to the values of one metric
            or several, float64, (metrics, resamples).
        other: The same for the other.
        images: Number of images, n.
        resamples: How many times the images are drawn.
        seed: The same seed gives the same interval.
    """
    once = np.ones((images, 1))
    values = baseline(once)[:, 0], other(once)[:, 0]
    ends = np.full((2, len(values[0])), [[-np.inf], [np.inf]])
    if images >= FEWEST_IMAGES:
        drawn = [other(counts) - baseline(counts) for counts in _resampled(images, resamples, seed)]
        tail = (1 - CONFIDENCE) / 2
        ends = np.quantile(np.concatenate(drawn, axis=1), [tail, 1 - tail], axis=1)
    rows = np.stack([*values, *ends], axis=1).tolist()
    return tuple(Difference(before, after, low, high, None, CONFIDENCE) for before, after, low, high in rows)


def _is_accepted(difference: float, gained: int, lost: int, images: int, z: float) -> bool:
    """Whether the score test keeps this difference."""
    excess, variance = _score_parts(difference, gained, lost, images)
    return bool(excess**2 <= z * z * variance)


def _score_parts(difference: float, gained: int, lost: int, images: int) -> tuple[float, float]:
    """The score's numerator and its variance; the share that only the baseline has right is fitted to the difference.

    The numerator counts images.
    """
    b = (2 * images - gained + lost) * difference - gained - lost
    c = -lost * difference * (1 - difference)
    share = (np.sqrt(max(0.0, b * b - 8 * images * c)) - b) / (4 * images)
    variance = max(0.0, images * (2 * share + difference * (1 - difference)))
    return gained - lost - images * difference, variance


def _resampled(images: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each image is drawn, float64, (images, up to BLOCK), until there are enough resamples."""
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, BLOCK):
        width = min(BLOCK, resamples - start)
        drawn = generator.integers(0, images, (images, width)) * width + np.arange(width)
        yield np.bincount(drawn.ravel(), minlength=images * width).reshape(images, width).astype(np.float64)
