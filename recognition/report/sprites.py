"""Several small images as one picture in a data URI: one JPEG costs a page less than many PNG files."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

SMALLEST = 32  # pixels of a tile's longer side; smaller images are enlarged, as JPEG would blur them
QUALITY = 85


def sprite(images: Iterable[NDArray[np.uint8]], largest: int) -> str:
    """Lay images side by side and encode them as one JPEG data URI.

    Args:
        images: uint8, (height, width, channels), of 1 (grey) or 3 (RGB) channels, all of one shape; one or more.
        largest: Pixels of a tile's longer side at most, 32 or more.
    """
    from PIL import Image

    tiles = [_tile(image, largest) for image in images]
    width, height = tiles[0].size
    canvas = Image.new(tiles[0].mode, (width * len(tiles), height))
    for number, tile in enumerate(tiles):
        canvas.paste(tile, (number * width, 0))
    buffer = BytesIO()
    canvas.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _tile(image: NDArray[np.uint8], largest: int) -> Image.Image:
    from PIL import Image

    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else np.ascontiguousarray(image))
    longest = max(picture.size)
    if longest < SMALLEST:
        times = -(-SMALLEST // longest)
        return picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
    if longest > largest:
        width, height = (max(1, round(side * largest / longest)) for side in picture.size)
        return picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2)
    return picture
