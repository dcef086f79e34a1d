"""Many image files at once: decoded on all cores, into one array or into one run of encoded bytes."""

from __future__ import annotations

import io
import logging
import os
import stat
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from recognition.data.encoded_images import EncodedContent, EncodedImages, Images
from recognition.data.findings import Unreadable
from recognition.data.image_transform import ImageTransform, UnreadableImageError
from recognition.data.perceptual import perceptual_hashes
from recognition.errors import InputError

CHUNK = 32  # images a task: enough to make its own cost small
AHEAD = 3  # tasks a core that wait, so that memory stays bounded
FILE_LIMIT = 2**30  # bytes
PLAIN_SHARE = 0.1  # of the images between two lines where no bar can be drawn

logger = logging.getLogger(__name__)


class ReadImages(NamedTuple):
    """What could be read.

    Attributes:
        images: uint8, (n, height, width, channels), decoded, or encoded and decoded when looked at.
        content: uint64, (n,), hash of each image's content whatever the transform.
        perceptual: uint64, (n,), see `perceptual_hashes`.
        places: int64, (n,), place of each image in the listing.
        unreadable: The others.
    """

    images: Images
    content: NDArray[np.uint64]
    perceptual: NDArray[np.uint64]
    places: NDArray[np.int64]
    unreadable: tuple[Unreadable, ...]


class _Task(NamedTuple):
    """A chunk of images, decoded; `encoded` where they are to be kept so."""

    pixels: NDArray[np.uint8]
    encoded: list[bytes]
    content: list[int]
    perceptual: NDArray[np.uint64]
    places: list[int]
    unreadable: list[tuple[int, str]]


def read_images(
    contents: Iterable[Path | bytes], paths: list[str], transform: ImageTransform, max_decoded: int, scratch: Path
) -> ReadImages:
    """Read and decode images.

    Args:
        contents: Files or their bytes, in order; consumed as fast as they are decoded.
        paths: What each is called, as many.
        transform: How bytes become pixels.
        max_decoded: Bytes of all images decoded above which they stay encoded: a file that is smaller than its pixels
            as it is, a larger one as the PNG of its pixels.
        scratch: Folder for the encoded bytes, in a file without a name that goes with its last user.

    Raises:
        InputError: A source ends before its listing does.
    """
    keep_encoded = len(paths) * int(np.prod(transform.shape)) > max_decoded
    store = _EncodedStore(transform, scratch) if keep_encoded else _ArrayStore(transform, len(paths))
    content: list[int] = []
    perceptual: list[NDArray[np.uint64]] = []
    places: list[int] = []
    unreadable: list[Unreadable] = []
    with closing(store), _Progress(len(paths)) as progress:
        for task in _in_order(contents, transform, keep_encoded):
            store.add(task)
            content += task.content
            perceptual.append(task.perceptual)
            places += task.places
            unreadable += [Unreadable(paths[place], reason) for place, reason in task.unreadable]
            progress.advance(len(task.places) + len(task.unreadable))
        images = store.images()
    if len(places) + len(unreadable) != len(paths):
        raise InputError("images went while they were read", received=f"{len(places):,}", expected=f"{len(paths):,}")
    return ReadImages(
        images=images,
        content=np.array(content, np.uint64),
        perceptual=np.concatenate(perceptual) if perceptual else np.empty(0, np.uint64),
        places=np.array(places, np.int64),
        unreadable=tuple(unreadable),
    )


class _ArrayStore:
    """Decoded images in one array."""

    def __init__(self, transform: ImageTransform, count: int) -> None:
        self._array, self._filled = np.empty((count, *transform.shape), np.uint8), 0

    def add(self, task: _Task) -> None:
        self._array[self._filled : self._filled + len(task.pixels)] = task.pixels
        self._filled += len(task.pixels)

    def images(self) -> NDArray[np.uint8]:
        return self._array[: self._filled]

    def close(self) -> None:
        """There is nothing to close."""


class _EncodedStore:
    """Encoded images in a file without a name."""

    def __init__(self, transform: ImageTransform, scratch: Path) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115
        self._transform, self._ends = transform, [0]

    def add(self, task: _Task) -> None:
        for encoded in task.encoded:
            self._file.write(encoded)
            self._ends.append(self._ends[-1] + len(encoded))

    def images(self) -> EncodedImages:
        self._file.flush()
        empty = self._ends[-1] == 0
        values = np.empty(0, np.uint8) if empty else np.memmap(self._file, np.uint8, "r")
        spans = np.stack([self._ends[:-1], self._ends[1:]], axis=1).astype(np.int64)
        return EncodedImages(EncodedContent(values), spans, self._transform)

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


def _in_order(contents: Iterable[Path | bytes], transform: ImageTransform, keep_encoded: bool) -> Iterator[_Task]:
    """Decode on all cores, results in the order given, a bounded number of them at a time."""
    workers = os.cpu_count() or 1
    numbered = enumerate(contents)
    waiting: deque[Future[_Task]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            while chunk := list(islice(numbered, CHUNK)):
                waiting.append(pool.submit(_decode, chunk, transform, keep_encoded))
                if len(waiting) >= AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _decode(chunk: list[tuple[int, Path | bytes]], transform: ImageTransform, keep_encoded: bool) -> _Task:
    pixels = np.empty((len(chunk), *transform.shape), np.uint8)
    task = _Task(pixels, [], [], np.empty(0, np.uint64), [], [])
    for place, source in chunk:
        try:
            encoded = source if isinstance(source, bytes) else _bytes_of(source)
            pixels[len(task.places)], content = transform.decode(encoded)
        except UnreadableImageError as error:
            task.unreadable.append((place, str(error)))
            continue
        if keep_encoded:
            task.encoded.append(_smaller(encoded, pixels[len(task.places)]))
        task.content.append(content)
        task.places.append(place)
    pixels = pixels[: len(task.places)]
    return task._replace(pixels=pixels, perceptual=perceptual_hashes(pixels))


def _bytes_of(path: Path) -> bytes:
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
    """The file itself, or the PNG of what becomes of it where the file is larger than its pixels."""
    if len(encoded) <= pixels.nbytes:
        return encoded
    buffer = io.BytesIO()
    Image.fromarray(pixels if pixels.shape[-1] > 1 else pixels[..., 0]).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
