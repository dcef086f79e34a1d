"""What the gate can find: exact power of its test, as Markdown; docs/gate.md holds what it prints.

command:  python -m benchmarks.gate_power
takes:    seconds; nothing is drawn at random
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from scipy.stats import binom

from recognition.configuration.sections.gate import GateConfig
from recognition.gate.paired_test import POWER
from recognition.gate.spending import own_level

IMAGES = (1_000, 5_000, 10_000)
DISCORDANT = (0.1, 0.2, 0.3)
DECISIONS = (1, 10, 50)
NEGLIGIBLE = 1e-10  # probability of a number of discordant images below which it is left out
LEVEL = GateConfig().level
RULES: dict[str, Callable[[int], float]] = {
    "h = 1": lambda number: own_level(LEVEL, 1, number),
    "**h = 10**": lambda number: own_level(LEVEL, 10, number),
    "h = 50": lambda number: own_level(LEVEL, 50, number),
    "6 / (π² k²)": lambda number: LEVEL * 6 / np.pi**2 / number**2,
    "Bonferroni over 50": lambda number: LEVEL / 50 if number <= 50 else 0.0,
}


def power(images: int, discordant: float, difference: float, level: float) -> float:
    """How often McNemar's exact one-sided test finds a true difference.

    Args:
        images: How many are judged.
        discordant: Share of the images that only one of the two has right.
        difference: Candidate less champion, at most `discordant`.
        level: Of the test.
    """
    counts, weights = _counts(images, discordant)
    needed = _needed(images, discordant, level)
    return float(weights @ binom.sf(needed - 1, counts, (1 + difference / discordant) / 2))


@cache
def _counts(images: int, discordant: float) -> tuple[Any, Any]:
    """Numbers of discordant images that may occur, and the probability of each."""
    counts = np.arange(images + 1)
    weights = binom.pmf(counts, images, discordant)
    return counts[weights > NEGLIGIBLE], weights[weights > NEGLIGIBLE]


@cache
def _needed(images: int, discordant: float, level: float) -> Any:
    """How many of each number of discordant images the candidate must have right."""
    return binom.isf(level, _counts(images, discordant)[0], 0.5) + 1


def detectable(images: int, discordant: float, level: float) -> float:
    """The true difference that is found in 4 of 5 cases; NaN where none is."""
    low, high = 0.0, discordant
    if power(images, discordant, high, level) < POWER:
        return float("nan")
    while high - low > 1e-5:
        middle = (low + high) / 2
        low, high = (middle, high) if power(images, discordant, middle, level) < POWER else (low, middle)
    return high


def power_table() -> str:
    """Detectable differences with the defaults, in points, by images, discordant share and decision."""
    head = ["| images | only one of the two is right on |", *(f" decision {number} |" for number in DECISIONS)]
    rows = [
        f"| {images:,} | {share:.0%} |"
        + "".join(f" {_points(images, share, RULES['**h = 10**'], k)} |" for k in DECISIONS)
        for images in IMAGES
        for share in DISCORDANT
    ]
    return "\n".join(["".join(head), "|" + "---|" * (2 + len(DECISIONS)), *rows])


def rule_table() -> str:
    """Detectable differences of several ways to spend the level, on 10,000 images of which a fifth is discordant."""
    decisions = (*DECISIONS, 200)
    head = "| rule |" + "".join(f" decision {number} |" for number in decisions)
    rows = [
        f"| {name} |" + "".join(f" {_points(10_000, 0.2, rule, number)} |" for number in decisions)
        for name, rule in RULES.items()
    ]
    return "\n".join([head, "|" + "---|" * (1 + len(decisions)), *rows])


def _points(images: int, discordant: float, rule: Callable[[int], float], number: int) -> str:
    level = rule(number)
    return f"{100 * detectable(images, discordant, level):.1f}" if level else "none"


if __name__ == "__main__":
    sys.stdout.write(f"{power_table()}\n\n{rule_table()}\n")
