"""A few image files, decoded: what one thread or process of many does at a time."""

from __future__ import annotations

import io
import stat
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.data.image_transform import ImageTransform, UnreadableImageError
from recognition.data.perceptual import perceptual_hashes

FILE_LIMIT = 2**30  # bytes

Source = tuple[int, Path | bytes]  # place in the listing; a file or its bytes


class Chunk(NamedTuple):
    """What became of some images.

    Attributes:
        encoded: The readable ones' bytes, where they are to be kept so.
        content: Hash of each readable image's content whatever the transform.
        sizes: Height and width of each readable image as it was stored, pixels.
        perceptual: uint64, one for each readable image.
        places: Of the readable ones.
        unreadable: Place of and reason for the others.
    """

    encoded: list[bytes]
    content: list[int]
    sizes: list[tuple[int, int]]
    perceptual: NDArray[np.uint64]
    places: list[int]
    unreadable: list[tuple[int, str]]


def decode(sources: list[Source], transform: ImageTransform, room: NDArray[np.uint8], keep_encoded: bool) -> Chunk:
    """Decode images.

    Args:
        sources: Which, one after the other in the listing.
        transform: How bytes become pixels.
        room: uint8, (n, height, width, channels), as many as there are sources: where the pixels go.
        keep_encoded: Whether the bytes are wanted too: a file that is smaller than its pixels as it is, a larger one as
            the PNG of its pixels.
    """
    chunk = Chunk([], [], [], np.empty(0, np.uint64), [], [])
    readable = np.ones(len(sources), bool)
    for number, (place, source) in enumerate(sources):
        try:
            encoded = source if isinstance(source, bytes) else read_file(source)
            room[number], content, size = transform.decode(encoded)
        except UnreadableImageError as error:
            chunk.unreadable.append((place, str(error)))
            readable[number] = False
            continue
        if keep_encoded:
            chunk.encoded.append(_smaller(encoded, room[number]))
        chunk.content.append(content)
        chunk.sizes.append(size)
        chunk.places.append(place)
    return chunk._replace(perceptual=perceptual_hashes(room if readable.all() else room[readable]))


def read_file(path: Path) -> bytes:
    """The bytes of an image file.

    Raises:
        UnreadableImageError: It cannot be read, is no regular file, or is larger than FILE_LIMIT.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would never end
            raise UnreadableImageError("not a regular file")
        if status.st_size > FILE_LIMIT:
            raise UnreadableImageError(f"a file of {status.st_size:,} bytes, more than {FILE_LIMIT:,}")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableImageError(error.strerror or str(error)) from None


def _smaller(encoded: bytes, pixels: NDArray[np.uint8]) -> bytes:
    if len(encoded) <= pixels.nbytes:
        return encoded
    buffer = io.BytesIO()
    Image.fromarray(pixels if pixels.shape[-1] > 1 else pixels[..., 0]).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
