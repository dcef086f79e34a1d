"""The comparison as one HTML file that asks nothing of anyone."""

from __future__ import annotations

import math
from collections.abc import Mapping

from markupsafe import Markup

from recognition.evaluation.paired import Difference
from recognition.pictures.curves import comparison_svg
from recognition.report import comparison_words as words
from recognition.report.comparison import LETTERS, Comparison
from recognition.report.template import render
from recognition.report.thumbnails import thumbnail

MIDDLE, REACH = 80, 70  # of the drawing of an interval: its zero, and how far the furthest end is from there


def build_comparison_page(comparison: Comparison) -> str:
    """Build the page; the same comparison gives the same text."""
    return render(
        "comparison.html.jinja",
        ("style.css", "compare.css"),
        ("table.js",),
        words=words,
        comparison=comparison,
        runs=comparison.runs,
        shared=comparison.shared,
        letters=LETTERS,
        scales={metric: _scale(comparison, metric) for metric in comparison.opponents[0].metrics},
        bar=_bar,
        middle=MIDDLE,
        curves=Markup(comparison_svg([run.history for run in comparison.runs])),  # noqa: S704 - drawn from numbers only
        picture=lambda image: _picture(comparison, image),
    )


def _scale(comparison: Comparison, metric: str) -> float:
    """The largest finite difference or end of an interval of a metric, over all runs."""
    differences = [opponent.metrics[metric] for opponent in comparison.opponents if metric in opponent.metrics]
    ends = [abs(end) for each in differences for end in (each.low, each.high, each.value) if math.isfinite(end)]
    return max(ends) or 1.0


def _bar(difference: Difference, scale: float) -> Mapping[str, float]:
    """Where an interval begins and ends in its drawing, and where its middle is."""
    places = {"low": difference.low, "value": difference.value, "high": difference.high}
    return {name: MIDDLE + REACH * max(-1.0, min(1.0, number / scale)) for name, number in places.items()}


def _picture(comparison: Comparison, image: int) -> str | None:
    """A shared image as a data URI, from the first run whose data are there."""
    for run, answers in zip(comparison.runs, comparison.shared.answers, strict=True):
        if run.dataset is not None:
            return thumbnail(run.dataset.splits["test"].images[answers.rows[image]])
    return None
