"""How far the model's confidence can be trusted, in one sentence and a table."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from recognition.evaluation.confidence import BINS
from recognition.evaluation.evaluation import Metrics
from recognition.pictures.reliability import coverage_svg, reliability_svg
from recognition.report.formats import SPACE, percent

CALIBRATED = 0.03  # an expected calibration error up to which confidence is said to mean what it says
WANTED = 0.95  # accuracy that answers without a person should reach
SHARE = f"{100 * WANTED:.0f}{SPACE}%"


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
        reliability: The reliability diagram, SVG.
        coverage: Accuracy against coverage, SVG.
        rows: Every measure, before and after temperature scaling.
    """

    words: str
    reliability: Markup
    coverage: Markup
    rows: tuple[Row, ...]


def trust(metrics: Metrics) -> Trust:
    """What the section says and shows."""
    diagrams = reliability_svg(metrics), coverage_svg(metrics)
    reliability, coverage = map(Markup, diagrams)  # drawn from numbers only
    return Trust(f"{_calibration(metrics)} {_automation(metrics)}", reliability, coverage, _rows(metrics))


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


def _three(value: float) -> str:
    return f"{value:.3f}"
