"""Many image files at once: decoded on all cores, into one array or into one run of encoded bytes."""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from recognition.data.decoding import Chunk, Source, decode
from recognition.data.encoded_images import EncodedContent, EncodedImages, Images
from recognition.data.findings import Unreadable
from recognition.data.image_transform import ImageTransform
from recognition.data.ordered_pool import CORES, map_chunks
from recognition.errors import InputError

CHUNK = 32  # images a task: enough to make its own cost small
AHEAD = 3  # tasks a core that wait, so that memory stays bounded
PLAIN_SHARE = 0.1  # of the images between two lines where no bar can be drawn

logger = logging.getLogger(__name__)


class ReadImages(NamedTuple):
    """What could be read.

    Attributes:
        images: uint8, (n, height, width, channels), decoded, or encoded and decoded when looked at.
        content: uint64, (n,), hash of each image's content whatever the transform.
        sizes: int32, (n, 2), height and width of each image as it was stored, pixels.
        perceptual: uint64, (n,), see `perceptual_hashes`.
        places: int64, (n,), place of each image in the listing.
        unreadable: The others.
    """

    images: Images
    content: NDArray[np.uint64]
    sizes: NDArray[np.int32]
    perceptual: NDArray[np.uint64]
    places: NDArray[np.int64]
    unreadable: tuple[Unreadable, ...]


def read_images(
    contents: Iterable[Path | bytes], paths: list[str], transform: ImageTransform, max_decoded: int, scratch: Path
) -> ReadImages:
    """Read and decode images.

    Args:
        contents: Files or their bytes, in order; consumed as fast as they are decoded.
        paths: What each is called, as many.
        transform: How bytes become pixels.
        max_decoded: Bytes of all images decoded above which they stay encoded.
        scratch: Folder for the encoded bytes, in a file without a name that goes with its last user.

    Raises:
        InputError: A source ends before its listing does.
    """
    fits = len(paths) * int(np.prod(transform.shape)) <= max_decoded
    store = _ArrayStore(transform, len(paths)) if fits else _EncodedStore(transform, scratch)
    content: list[int] = []
    sizes: list[tuple[int, int]] = []
    perceptual: list[NDArray[np.uint64]] = []
    places: list[int] = []
    unreadable: list[Unreadable] = []
    with closing(store), _Progress(len(paths)) as progress:
        for chunk in map_chunks(lambda part: _decode(part, store), enumerate(contents), CHUNK, AHEAD * CORES):
            content += chunk.content
            sizes += chunk.sizes
            perceptual.append(chunk.perceptual)
            places += chunk.places
            unreadable += [Unreadable(paths[place], reason) for place, reason in chunk.unreadable]
            store.add(chunk)
            progress.advance(len(chunk.places) + len(chunk.unreadable))
        images = store.images(places)
    if len(places) + len(unreadable) != len(paths):
        raise InputError("images went while they were read", received=f"{len(places):,}", expected=f"{len(paths):,}")
    return ReadImages(
        images=images,
        content=np.array(content, np.uint64),
        sizes=np.array(sizes, np.int32).reshape(-1, 2),
        perceptual=np.concatenate(perceptual) if perceptual else np.empty(0, np.uint64),
        places=np.array(places, np.int64),
        unreadable=tuple(unreadable),
    )


class _ArrayStore:
    """Decoded images in one array, each written straight to its place."""

    keeps_encoded = False

    def __init__(self, transform: ImageTransform, count: int) -> None:
        self.transform, self._array = transform, np.empty((count, *transform.shape), np.uint8)

    def room(self, first: int, count: int) -> NDArray[np.uint8]:
        """Where the pixels of a chunk go."""
        return self._array[first : first + count]

    def add(self, chunk: Chunk) -> None:
        """They are there already."""

    def images(self, places: list[int]) -> NDArray[np.uint8]:
        return self._array if len(places) == len(self._array) else self._array[places]

    def close(self) -> None:
        """There is nothing to close."""


class _EncodedStore:
    """Encoded images in a file without a name; each thread decodes into pixels of its own, again and again.

    Memory that is touched for the first time can cost as much as decoding does.
    """

    keeps_encoded = True

    def __init__(self, transform: ImageTransform, scratch: Path) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115
        self.transform, self._ends, self._own = transform, [0], threading.local()

    def room(self, first: int, count: int) -> NDArray[np.uint8]:
        if not hasattr(self._own, "pixels"):
            self._own.pixels = np.empty((CHUNK, *self.transform.shape), np.uint8)
        pixels: NDArray[np.uint8] = self._own.pixels
        return pixels[:count]

    def add(self, chunk: Chunk) -> None:
        for encoded in chunk.encoded:
            self._file.write(encoded)
            self._ends.append(self._ends[-1] + len(encoded))

    def images(self, places: list[int]) -> EncodedImages:
        self._file.flush()
        empty = self._ends[-1] == 0
        values = np.empty(0, np.uint8) if empty else np.memmap(self._file, np.uint8, "r")
        spans = np.stack([self._ends[:-1], self._ends[1:]], axis=1).astype(np.int64)
        return EncodedImages(EncodedContent(values), spans, self.transform)

    def close(self) -> None:
        """Leave the file to the memory map, which has its own handle."""
        self._file.close()


class _Progress:
    """A bar on a terminal, a line now and then elsewhere."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._told = total, 0, 0.0
        self._bar = tqdm(total=total, unit=" images", desc="reading", leave=False, disable=not sys.stderr.isatty())

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def advance(self, count: int) -> None:
        self._bar.update(count)
        self._done += count
        if self._bar.disable and self._total > 5_000 and self._done / self._total >= self._told + PLAIN_SHARE:
            self._told = self._done / self._total
            logger.info("reading: %s of %s images", f"{self._done:,}", f"{self._total:,}")


def _decode(sources: list[Source], store: _ArrayStore | _EncodedStore) -> Chunk:
    room = store.room(sources[0][0], len(sources))
    return decode(sources, store.transform, room, store.keeps_encoded)
