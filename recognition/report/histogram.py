"""Histograms of several data sets over each other, as paths of an inline SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

WIDTH, HEIGHT = 100, 40  # of the drawing's own units


class Outline(NamedTuple):
    """One histogram.

    Attributes:
        name: Whose it is.
        path: What an SVG's path element draws, in a box of WIDTH × HEIGHT.
    """

    name: str
    path: str


def outlines(histograms: Mapping[str, Sequence[int]]) -> list[Outline]:
    """Steps for each histogram as shares of its images, all on one scale.

    Args:
        histograms: Counts by name, all over the same bins.
    """
    shares = {name: np.array(counts) / max(1, sum(counts)) for name, counts in histograms.items()}
    highest = max((float(values.max()) for values in shares.values()), default=0) or 1
    return [Outline(name, _steps((HEIGHT * (1 - values / highest)).tolist())) for name, values in shares.items()]


def _steps(tops: Sequence[float]) -> str:
    width = WIDTH / len(tops)
    steps = "".join(f"V{top:.2f}H{(number + 1) * width:g}" for number, top in enumerate(tops))
    return f"M0 {HEIGHT}{steps}V{HEIGHT}"
