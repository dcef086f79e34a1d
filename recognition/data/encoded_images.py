"""Images that stay encoded until they are looked at: an array in all that training needs of one."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognition.data.image_transform import ImageTransform

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

CHUNK = 2**26  # bytes
Indices = NDArray[np.integer] | NDArray[np.bool_] | slice


def hash_bytes(hasher: Hash, array: NDArray[np.generic]) -> None:
    """Feed an array's bytes to a hash; of a memory-mapped one no more than CHUNK bytes are in memory at a time."""
    values = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    for start in range(0, len(values), CHUNK):
        hasher.update(values[start : start + CHUNK].data)
        release_pages(values)


def release_pages(array: NDArray[np.generic]) -> None:
    """Give a memory-mapped file's pages back: once read they count as this process's memory, though nothing needs them.

    Arrays that are not mapped stay as they are.
    """
    owner: object = array
    while owner is not None and not isinstance(owner, mmap.mmap):
        owner = getattr(owner, "base", None)
    if owner is not None:
        owner.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True, eq=False)
class EncodedContent:
    """The bytes of many image files, one behind the other: uint8, (bytes,), usually memory-mapped."""

    values: NDArray[np.uint8]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes, in hexadecimal."""
        hasher = hashlib.sha256()
        hash_bytes(hasher, self.values)
        return hasher.hexdigest()


@dataclass(frozen=True, eq=False)
class EncodedImages:
    """Reads like an array of uint8, (n, height, width, channels); each access decodes, on all cores.

    Attributes:
        content: Encoded images; several sides of a data set share one.
        spans: int64, (n, 2), where each image's bytes begin and end.
        transform: How bytes become pixels.
    """

    content: EncodedContent
    spans: NDArray[np.int64]
    transform: ImageTransform

    dtype = np.dtype(np.uint8)
    ndim = 4

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Number, height, width and channels."""
        return len(self.spans), *self.transform.shape

    @property
    def size(self) -> int:
        """Number of values, once decoded."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes as stored."""
        return int((self.spans[:, 1] - self.spans[:, 0]).sum())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of content, order and transform, in hexadecimal."""
        parts = f"{self.content.digest} {hashlib.sha256(self.spans.tobytes()).hexdigest()} {self.transform}"
        return hashlib.sha256(parts.encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.spans)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self._decode(span) for span in self.spans)

    def __getitem__(self, which: int | np.integer | Indices) -> NDArray[np.uint8]:
        if isinstance(which, int | np.integer):
            return self._decode(self.spans[which])
        spans = self.spans[which]
        decoded = np.empty((len(spans), *self.transform.shape), np.uint8)

        def fill(part: NDArray[np.int64]) -> None:
            for place in part:
                decoded[place] = self._decode(spans[place])

        workers = min(os.cpu_count() or 1, max(1, len(spans)))
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(fill, np.array_split(np.arange(len(spans)), workers)))
        return decoded

    def subset(self, indices: NDArray[np.int64]) -> EncodedImages:
        """The images at `indices`, not decoded."""
        return EncodedImages(self.content, self.spans[indices], self.transform)

    def _decode(self, span: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self.transform.decode(self.content.values[span[0] : span[1]].tobytes()).pixels


Images = NDArray[np.uint8] | EncodedImages  # what training, scoring and pictures index in batches
