"""Images as small data URIs, so that the page needs no other file."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

LARGEST = 96  # pixels a side; smaller images keep their size and are enlarged by the page
QUALITY = 90  # of WebP: a quarter of the bytes of a PNG at 32x32, and hardly a difference to see


def thumbnail(image: NDArray[np.uint8]) -> str:
    """Encode an image as a WebP data URI of at most 96×96 pixels.

    Args:
        image: uint8, (height, width, channels), of 1 (grey), 3 (RGB) or 4 (RGBA) channels.
    """
    from PIL import Image

    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else np.ascontiguousarray(image))
    picture.thumbnail((LARGEST, LARGEST))
    buffer = BytesIO()
    picture.save(buffer, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
