"""What an image file says of itself, read without decoding it."""

from __future__ import annotations

import io

from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")


def announced_pixels(content: bytes) -> int:
    """How many pixels an image file says that it has; 0 where it is none of a known kind.

    Args:
        content: The file's bytes.
    """
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp_pixels(content)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return image.width * image.height
    except Exception:  # as of `ImageTransform.decode`, which says what is wrong
        return 0


def _webp_pixels(content: bytes) -> int:
    """From the container's own header (RFC 9649): Pillow takes memory for all pixels as soon as it opens a file."""
    kind, data = content[12:16], content[20:30]
    if kind == b"VP8X":
        return (1 + int.from_bytes(data[4:7], "little")) * (1 + int.from_bytes(data[7:10], "little"))
    if kind == b"VP8L":
        sides = int.from_bytes(data[1:5], "little")
        return (1 + (sides & 0x3FFF)) * (1 + (sides >> 14 & 0x3FFF))
    return (int.from_bytes(data[6:8], "little") & 0x3FFF) * (int.from_bytes(data[8:10], "little") & 0x3FFF)
