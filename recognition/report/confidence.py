"""How far the model's confidence can be trusted, in one sentence and a table."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from recognition.evaluation.confidence import BINS
from recognition.evaluation.coverage import CoveragePoint
from recognition.evaluation.evaluation import Metrics
from recognition.pictures.reliability import coverage_svg, reliability_svg
from recognition.prediction.rejection import CONFIDENCE, EVERY_ANSWER, RejectionChoice
from recognition.report.formats import SPACE, percent

CALIBRATED = 0.03  # an expected calibration error up to which confidence is said to mean what it says
WANTED = 0.95  # accuracy that answers without a person should reach
SHARE, SURE = (f"{100 * share:.0f}{SPACE}%" for share in (WANTED, CONFIDENCE))


class Row(NamedTuple):
    """A line of the table: a measure, what it means, its value before temperature scaling (None without) and after."""

    name: str
    meaning: str
    before: str | None
    after: str


class Trust(NamedTuple):
    """What the section shows.

    Attributes:
        words: Whether the model is over- or underconfident, and what share of images it could answer alone.
        rejection: Below which confidence its answer is "none of these", and what that does; empty where not asked for.
        reliability: The reliability diagram, SVG.
        coverage: Accuracy against coverage, SVG.
        rows: Every measure, before and after temperature scaling.
    """

    words: str
    rejection: str
    reliability: Markup
    coverage: Markup
    rows: tuple[Row, ...]


def trust(metrics: Metrics, rejection: RejectionChoice = EVERY_ANSWER, chosen: CoveragePoint | None = None) -> Trust:
    """What the section says and shows.

    Args:
        metrics: Those of the test images.
        rejection: From which probability on the model answers.
        chosen: What that does to the test images; None without a threshold.
    """
    diagrams = reliability_svg(metrics), coverage_svg(metrics, chosen)
    reliability, coverage = map(Markup, diagrams)  # drawn from numbers only
    words = f"{_calibration(metrics)} {_automation(metrics)}"
    return Trust(words, _rejection(rejection, chosen), reliability, coverage, _rows(metrics))


def _rows(metrics: Metrics) -> tuple[Row, ...]:
    before, after = metrics.uncalibrated, metrics.confidence
    measures = (
        ("ECE", "ece", f"{BINS} bins of equal width", percent),
        ("Adaptive ECE", "adaptive_ece", f"{BINS} bins of equally many images", percent),
        ("Negative log-likelihood", "nll", "nats", _three),
        ("Brier score", "brier", "summed over classes, 0 to 2", _three),
        ("Mean confidence", "mean", f"against an accuracy of {percent(metrics.accuracy)}", percent),
    )
    return tuple(
        Row(name, meaning, written(getattr(before, field)) if before else None, written(getattr(after, field)))
        for name, field, meaning, written in measures
    )


def _calibration(metrics: Metrics) -> str:
    confidence, gap = metrics.confidence, metrics.confidence.mean - metrics.accuracy
    claim = f"it claims to be right in {percent(confidence.mean)} and is right in {percent(metrics.accuracy)}"
    if confidence.ece <= CALIBRATED:
        return f"Its confidence can be taken at its word: {claim} of the images."
    if abs(gap) < confidence.ece / 2:
        return f"It is too sure of some answers and not sure enough of others, by {percent(confidence.ece)} on average."
    kind = "over" if gap > 0 else "under"
    return f"It is {kind}confident by {100 * abs(gap):.1f} points: {claim} of the images."


def _automation(metrics: Metrics) -> str:
    target = next(each for each in metrics.coverage.targets if each.accuracy == WANTED)
    if target.threshold is None:
        return f"At no confidence are {SHARE} of its answers right."
    if target.coverage == 1:
        return f"It can answer every image alone and be right in {SHARE} of them or more."
    return (
        f"If a person looks at all images of a confidence below {percent(target.threshold)}, it answers "
        f"{percent(target.coverage)} of them alone, and {SHARE} of these answers are right."
    )


def _rejection(choice: RejectionChoice, test: CoveragePoint | None) -> str:
    if choice.target_error is None:
        return ""
    promise = f"with {SURE} confidence, at most {percent(choice.target_error)} of its answers are wrong"
    if choice.rejection is None or test is None:
        return f"It answers every image: the validation images prove for no threshold that, {promise}."
    found = choice.rejection
    return (
        f"Below a confidence of {percent(found.threshold)} its answer is “none of these”. That was set on "
        f"{found.images:,} validation images, so that, {promise}. Of these test images it answers "
        f"{percent(test.coverage)}, and {percent(1 - test.accuracy)} of that is wrong."
    )


def _three(value: float) -> str:
    return f"{value:.3f}"
