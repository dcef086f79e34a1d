"""What an image file says of itself, read without decoding it, and what of it would make decoding almost endless.

A file of some kilobytes can ask for minutes of work or gigabytes of memory within the limit of pixels. djpeg's
`-maxscans` is a limit of the same kind.
"""

from __future__ import annotations

import io
import re

from PIL import Image, TiffImagePlugin

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
SCANS, SEGMENTS = 50, 1_000  # of a JPEG; progressive ones have some 10, and a depth map 200 segments
COMPRESSED_CHUNKS = 64  # texts and profiles of a PNG, of which each may be unpacked to a megabyte
CHUNKS = 1_000  # of a PNG, and one more for each KiB of the file
TILE_PIXELS, TILES = 2**20, 100_000  # of a TIFF; a tile larger than these and the image is mostly outside of it
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
_MARKER = re.compile(
    rb"\xff[\x02-\xcf\xd8-\xfe]"
)  # what is neither data, nor filled up, nor where decoding may begin anew
_START_OF_SCAN, _END = 0xDA, 0xD9


def excess(content: bytes) -> str | None:
    """What an image file has too much of to be decoded; None for nothing.

    Args:
        content: The file's bytes.
    """
    if content.startswith(_JPEG):
        return _jpeg_excess(content)
    return _png_excess(content) if content.startswith(_PNG) else None


def tile_excess(image: Image.Image) -> str | None:
    """What a TIFF has too much of to be decoded; None for nothing, and for other kinds.

    Args:
        image: An image that is opened, and not decoded.
    """
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return None
    width, height = (image.tag_v2.get(tag) or 0 for tag in (TiffImagePlugin.TILEWIDTH, TiffImagePlugin.TILELENGTH))
    if width * height > max(TILE_PIXELS, image.width * image.height):
        return f"a tile of {width} x {height} pixels in an image of {image.width} x {image.height}"
    tiles = -(-image.width // width) * -(-image.height // height) if width and height else 0
    return f"more than {TILES:,} tiles" if max(tiles, len(image.tile)) > TILES else None


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


def _jpeg_excess(content: bytes) -> str | None:
    place = segments = scans = 0
    while found := _MARKER.search(content, place):
        marker, place = content[found.end() - 1], found.end()
        if marker == _END:
            break
        segments += 1
        scans += marker == _START_OF_SCAN
        if segments > 1:  # the first is the start of the image, and has no length
            place += int.from_bytes(content[place : place + 2])
        if scans > SCANS:
            return f"more than {SCANS} scans"
        if segments > SEGMENTS:
            return f"more than {SEGMENTS:,} segments"
    return None


def _png_excess(content: bytes) -> str | None:
    place, chunks, compressed = len(_PNG), 0, 0
    most = CHUNKS + len(content) // 1_024
    while place < len(content):
        kind = content[place + 4 : place + 8]
        place += 12 + int.from_bytes(content[place : place + 4])
        chunks += 1
        compressed += kind in (b"zTXt", b"iTXt", b"iCCP")
        if compressed > COMPRESSED_CHUNKS:
            return f"more than {COMPRESSED_CHUNKS} compressed texts and profiles"
        if chunks > most:
            return f"more than {most:,} chunks"
    return None


def _webp_pixels(content: bytes) -> int:
    """From the container's own header (RFC 9649): Pillow takes memory for all pixels as soon as it opens a file."""
    kind, data = content[12:16], content[20:30]
    if kind == b"VP8X":
        return (1 + int.from_bytes(data[4:7], "little")) * (1 + int.from_bytes(data[7:10], "little"))
    if kind == b"VP8L":
        sides = int.from_bytes(data[1:5], "little")
        return (1 + (sides & 0x3FFF)) * (1 + (sides >> 14 & 0x3FFF))
    return (int.from_bytes(data[6:8], "little") & 0x3FFF) * (int.from_bytes(data[8:10], "little") & 0x3FFF)
