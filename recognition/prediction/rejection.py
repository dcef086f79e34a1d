"""When a model had better not answer: "none of these" below a probability that was set on validation images.

The threshold that looks best on some images looks better than it is: chosen by the error that was seen, it misses its
target about every second time. What is promised here holds with CONFIDENCE, whatever the model: each threshold has to
pass a test of its error (the upper bound of C. Clopper and E. Pearson, 1934), and thresholds are tested in a fixed
order, from sure to unsure, until one fails, so that the tests need no further correction; as the surest images may be
too few to pass, there are several such sequences, which share the level (A. Angelopoulos et al.: Learn then Test, 2021,
fixed sequences with several starts). The task is that of Y. Geifman and R. El-Yaniv: Selective Classification for Deep
Neural Networks, NeurIPS 2017.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from recognition.evaluation.coverage import CoveragePoint

CONFIDENCE = 0.95  # that the error on further images is within the target
STEPS = 100  # thresholds that are tried, those that answer 1 %, 2 % and so on of the images
STARTS = (0.05, 0.1, 0.2, 0.4, 0.8)  # shares of the images with which a sequence begins


class Rejection(BaseModel):
    """A threshold, and what it did to the images that it was set on.

    Attributes:
        target_error: Share of wrong answers among those given that was asked for.
        threshold: Least probability of the most probable class with which an answer is given.
        error: Share of wrong answers among those given, on the images that it was set on.
        coverage: Share of those images that were answered.
        images: How many they were.
    """

    model_config = ConfigDict(frozen=True)

    target_error: float = Field(gt=0, lt=1)
    threshold: float = Field(ge=0, le=1)
    error: float
    coverage: float
    images: int

    def in_words(self) -> str:
        """One line, for people."""
        return (
            f"below {self.threshold:.2%} none of these: of {self.images:,} validation images {self.coverage:.2%} "
            f"answered, {self.error:.2%} of that wrong (target {self.target_error:.2%})"
        )


class RejectionChoice(BaseModel):
    """What came of looking for a threshold.

    Attributes:
        target_error: As was asked for; None where nothing was.
        rejection: What was found; None where no threshold keeps the promise, or none was asked for.
    """

    model_config = ConfigDict(frozen=True)

    target_error: float | None = None
    rejection: Rejection | None = None

    def in_words(self) -> str:
        """One line, for people."""
        if self.target_error is None:
            return "off: every answer is given"
        if self.rejection is None:
            return (
                f"no threshold keeps the error to {self.target_error:.2%} with {CONFIDENCE:.0%} confidence: none is set"
            )
        return self.rejection.in_words()


EVERY_ANSWER = RejectionChoice()


def choose_rejection(
    probability: NDArray[np.floating], right: NDArray[np.bool_], target: float | None
) -> RejectionChoice:
    """The threshold that answers the largest share of images and keeps the error to a target, with CONFIDENCE.

    Args:
        probability: Float, (n,), of the most probable class of held-out images; equal ones are answered together.
        right: bool, (n,), whether that class is the true one.
        target: Share of wrong answers among those given, above 0; None or 1 for no threshold.
    """
    if target is None or target == 1:
        return EVERY_ANSWER
    if not len(right):
        return RejectionChoice(target_error=target)
    falling = np.sort(probability)[::-1]
    places = np.ceil(np.arange(1, STEPS + 1) * len(falling) / STEPS).astype(int) - 1
    thresholds = falling[places]
    given = np.array([(probability >= least).sum() for least in thresholds])
    wrong = np.array([(probability[~right] >= least).sum() for least in thresholds])
    chosen = _last_passed(error_bounds(wrong, given, (1 - CONFIDENCE) / len(STARTS)) <= target)
    if chosen is None:
        return RejectionChoice(target_error=target)
    found = Rejection(
        target_error=target,
        threshold=float(thresholds[chosen]),
        error=float(wrong[chosen] / given[chosen]),
        coverage=float(given[chosen] / len(right)),
        images=len(right),
    )
    return RejectionChoice(target_error=target, rejection=found)


def judged_answers(predictions: pd.DataFrame) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Of each image of an evaluation the largest probability, float32, (n,), and whether it is the true class's."""
    right = predictions["predicted"].to_numpy() == predictions["true"].to_numpy()
    return predictions["probability_1"].to_numpy(np.float32), right


def applied(rejection: Rejection, predictions: pd.DataFrame) -> CoveragePoint:
    """What a threshold does to the images of an evaluation; an accuracy of 1 where it answers none.

    Args:
        rejection: As chosen on other images.
        predictions: Those of an evaluation.
    """
    probability, right = judged_answers(predictions)
    answered = probability >= rejection.threshold
    accuracy = float(right[answered].mean()) if answered.any() else 1.0
    return CoveragePoint(coverage=float(answered.mean()), accuracy=accuracy, threshold=rejection.threshold)


def error_bounds(wrong: NDArray[np.integer], given: NDArray[np.integer], level: float) -> NDArray[np.float64]:
    """The largest errors with which so few wrong answers would have a probability of `level` (Clopper and Pearson).

    Args:
        wrong: Integers, (n,), wrong answers.
        given: Integers, (n,), answers, 1 or more each.
        level: Probability with which a bound may be too low.
    """
    from scipy.stats import beta

    bounds = beta.ppf(1 - level, wrong + 1, np.maximum(given - wrong, 1))
    return np.where(wrong == given, 1.0, bounds)


def _last_passed(passed: NDArray[np.bool_]) -> int | None:
    """The furthest threshold that a sequence reaches before one fails; None where all fail at once."""
    reached = []
    for start in (round(share * STEPS) - 1 for share in STARTS):
        failed = np.flatnonzero(~passed[start:])
        length = failed[0] if len(failed) else STEPS - start
        reached += [start + length - 1] if length else []
    return max(reached, default=None)
