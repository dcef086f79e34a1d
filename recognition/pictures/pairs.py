"""Pairs of images that a person should look at, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.pictures.grid import image_grid

TILE = 200  # pixels a side, about
PAIRS_A_ROW = 3


def pairs_picture(first: NDArray[np.uint8], second: NDArray[np.uint8], titles: Sequence[tuple[str, str]]) -> bytes:
    """Draw pairs of images next to each other, three pairs a row.

    Args:
        first: uint8, (n, height, width, 1 or 3), one image of each pair.
        second: uint8, of the same shape, the other.
        titles: A title for each image of each pair.

    Returns:
        The bytes of a PNG.
    """
    images = np.stack([first, second], axis=1).reshape(-1, *first.shape[1:])
    names = [title for pair in titles for title in pair]
    scale = max(1, TILE // max(first.shape[1:3]))
    return image_grid(images, names, 2 * PAIRS_A_ROW, scale)
