"""Images as small data URIs, so that the page needs no other file."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

LARGEST = 64  # pixels a side; smaller images are kept as they are and enlarged by the page


def thumbnail(image: NDArray[np.uint8]) -> str:
    """Encode an image as a PNG data URI of at most 64×64 pixels.

    Args:
        image: uint8, (height, width, channels), of 1 (grey), 3 (RGB) or 4 (RGBA) channels.
    """
    from PIL import Image

    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else np.ascontiguousarray(image))
    picture.thumbnail((LARGEST, LARGEST))
    buffer = BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
