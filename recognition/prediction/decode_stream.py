"""Images of any number, decoded on all cores a few ahead of whoever looks at them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognition.data.decoding import read_file
from recognition.data.image_transform import ImageTransform, UnreadableImageError
from recognition.data.ordered_pool import map_chunks
from recognition.prediction.named_image import NamedImage


class DecodedImages(NamedTuple):
    """Some images, one after the other.

    Attributes:
        names: Of each.
        problems: Why it cannot be read; empty where it can.
        pixels: uint8, (n, height, width, channels), of the readable ones.
    """

    names: list[str]
    problems: list[str]
    pixels: NDArray[np.uint8]


def decode_stream(
    images: Iterable[NamedImage], transform: ImageTransform, chunk: int, ahead: int
) -> Iterator[DecodedImages]:
    """Read and decode images, in their order.

    Args:
        images: Consumed as fast as they are decoded.
        transform: How bytes become pixels.
        chunk: Images that a thread decodes at a time.
        ahead: Chunks that wait, at most, to be taken: what bounds the memory.
    """
    return map_chunks(lambda part: _decode(part, transform), images, chunk, ahead)


def _decode(images: list[NamedImage], transform: ImageTransform) -> DecodedImages:
    room = np.empty((len(images), *transform.shape), np.uint8)
    problems, readable = [], 0
    for image in images:
        try:
            room[readable] = _pixels(image, transform)
            readable += 1
            problems.append("")
        except UnreadableImageError as error:
            problems.append(str(error))
    return DecodedImages([image.name for image in images], problems, room[:readable])


def _pixels(image: NamedImage, transform: ImageTransform) -> NDArray[np.uint8]:
    if image.problem:
        raise UnreadableImageError(image.problem)
    content = image.content if isinstance(image.content, bytes) else read_file(image.content)
    return transform.decode(content).pixels
