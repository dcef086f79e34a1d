"""Images that are odd by themselves: a fault of a camera or of an export more often than a picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import Split
from recognition.data.pixels import PixelNumbers

FLAT = 0.02  # contrast: 5 of 255 levels, which few eyes see
ELONGATED = 3.0  # times as long as wide: a square crop shows a third of it
TINY = 2  # times that a file was enlarged: three of four pixels are made up
RARE = 0.5  # share of grey images above which colour is what is odd

Oddities = Mapping[str, NDArray[np.int64]]


def oddities(split: Split, pixels: PixelNumbers) -> Oddities:
    """Numbers of odd images of a side, int64, by what is odd about them: only what there is.

    "nearly one colour": hardly anything is to be seen. "grey": no colours, where most images have some. "elongated":
    a file more than three times as long as wide, or as wide as long. "tiny": a file with less than half the height or
    width that the network sees.

    Args:
        split: The side.
        pixels: Of its images.
    """
    flat = pixels.contrast < FLAT
    found = {
        "nearly one colour": pixels.chosen[flat],
        "grey": pixels.chosen[pixels.grey & ~flat & (pixels.grey.mean() < RARE)],
        **_odd_files(split),
    }
    return {kind: numbers for kind, numbers in found.items() if len(numbers)}


def _odd_files(split: Split) -> dict[str, NDArray[np.int64]]:
    if split.sizes is None:
        return {}
    ratio = split.sizes.max(axis=1) / split.sizes.min(axis=1)
    tiny = (TINY * split.sizes < split.images.shape[1:3]).any(axis=1)
    return {"elongated": np.flatnonzero(ratio > ELONGATED), "tiny": np.flatnonzero(tiny)}
