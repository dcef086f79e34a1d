"""Which files are so small and plain that decoding them at once holds up nobody."""

from __future__ import annotations

SMALL_BODY, SMALL_IMAGE = 32_768, 128 * 128  # bytes of a request, pixels of an image
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"sBIT", b"bKGD", b"tIME"}
MOST_CHUNKS, MOST_SEGMENTS, MOST_SCANS = 64, 16, 3
FRAME, SCAN = 0xC0, 0xDA  # of a sequential JPEG
SEGMENTS = {0xE0, 0xDB, 0xC4, 0xDD, FRAME, SCAN}  # application's first, tables, restart interval, frame, scan


def is_plain(content: bytes) -> bool:
    """Whether a file is a PNG without texts and profiles, or a sequential JPEG without any but JFIF's own data.

    What else a file may hold can be blown up to a hundred times the size: compressed texts, scans, pieces of EXIF.

    Args:
        content: The file's bytes, a few kilobytes.
    """
    if content.startswith(PNG):
        return _is_plain_png(content)
    return content.startswith(JPEG) and _is_plain_jpeg(content)


def _is_plain_png(content: bytes) -> bool:
    place = len(PNG)
    for _ in range(MOST_CHUNKS):
        if place >= len(content):
            return True
        if content[place + 4 : place + 8] not in CHUNKS:
            return False
        place += 12 + int.from_bytes(content[place : place + 4])
    return False


def _is_plain_jpeg(content: bytes) -> bool:
    place = len(JPEG)
    for _ in range(MOST_SEGMENTS):
        if content[place : place + 1] != b"\xff" or content[place + 1 : place + 2] not in map(_byte, SEGMENTS):
            return False
        if content[place + 1] == SCAN:
            return content.count(b"\xff\xda") <= MOST_SCANS
        place += 2 + int.from_bytes(content[place + 2 : place + 4])
    return False


def _byte(value: int) -> bytes:
    return bytes((value,))
