"""How differences between runs are put into words, on the page and on the terminal."""

from __future__ import annotations

import math

from recognition.configuration.resolved import Scalar
from recognition.evaluation.paired import Difference
from recognition.evaluation.paired_metrics import SMALLER_IS_BETTER
from recognition.evaluation.score import in_words
from recognition.report.formats import SPACE, points

TITLES = {"top5": "Top-5 accuracy"}
VERDICTS = {1: "better", 0: "unclear", -1: "worse"}


def title(metric: str) -> str:
    """A metric's name as a heading: "macro_f1" is "Macro F1"."""
    words = in_words(metric)
    return TITLES.get(metric, words[0].upper() + words[1:])


def value(metric: str, number: float) -> str:
    """A metric's value: percent with two decimals, as differences have, and for the loss nats."""
    return f"{number:.3f}" if metric == "loss" else f"{100 * number:.2f}{SPACE}%"


def change(metric: str, number: float) -> str:
    """A signed difference: percentage points, for the loss nats."""
    return f"{number:+.3f}".replace("-", "\u2212") if metric == "loss" else points(number)


def interval(metric: str, difference: Difference) -> str:
    """The 95 % interval, where there are images enough for one."""
    if math.isinf(difference.low):
        return "too few images for an interval"
    return f"{change(metric, difference.low)} to {change(metric, difference.high)}"


def verdict(metric: str, difference: Difference) -> str:
    """Whether the other is "better" or "worse" beyond chance."""
    return VERDICTS[-difference.direction if metric in SMALLER_IS_BETTER else difference.direction]


def p_value(p: float) -> str:
    """A p-value with its relation: "p = 0.03", "p < 0.001"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def setting(scalar: Scalar) -> str:
    """A value as the configuration writes it; nothing is a dash."""
    if scalar is None:
        return "–"
    return str(scalar).lower() if isinstance(scalar, bool) else str(scalar)
