"""What an image file says of itself, read without decoding it."""

from __future__ import annotations

import io

from PIL import Image

from recognition.data.image_transform import FORMATS


def announced_pixels(content: bytes) -> int:
    """How many pixels an image file says that it has; 0 where it is none of a known kind.

    Args:
        content: The file's bytes.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return image.width * image.height
    except Exception:  # as of `ImageTransform.decode`, which says what is wrong
        return 0
