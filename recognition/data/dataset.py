"""The image data set that flows through the pipeline."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recognition.data.encoded_images import EncodedImages, Images, hash_bytes
from recognition.data.findings import Findings
from recognition.data.image_transform import ImageTransform

SPLITS = ("train", "validation", "gate", "test")  # the third only where it is asked for


@dataclass(frozen=True)
class Split:
    """One side of a data set; the arrays may be memory-mapped.

    Attributes:
        images: uint8, (n, height, width, channels); where they stay encoded, an index decodes.
        labels: int32, (n,), indices into the data set's classes.
        hashes: uint64, (n,), content hash of each image: see `image_hashes`, and `DecodedImage.content` for files.
        paths: Source path of each image where images are files, else empty.
        weights: How much each image counts in the training loss, float32, (n,); None where all count the same.
        sizes: Height and width of each image before it was resized, pixels, int32, (n, 2); None where none was.
    """

    images: Images
    labels: NDArray[np.int32]
    hashes: NDArray[np.uint64]
    paths: tuple[str, ...] = ()
    weights: NDArray[np.float32] | None = None
    sizes: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self, classes: int) -> NDArray[np.int64]:
        """Number of images of each class, int64, (classes,)."""
        return np.bincount(self.labels, minlength=classes).astype(np.int64)

    @property
    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All that is numbers, by name; images that stay encoded as "content" and "spans"."""
        arrays: dict[str, NDArray[np.generic]] = {"labels": self.labels, "hashes": self.hashes}
        if self.weights is not None:
            arrays["weights"] = self.weights
        if self.sizes is not None:
            arrays["sizes"] = self.sizes
        if isinstance(self.images, EncodedImages):
            return {**arrays, "content": self.images.content.values, "spans": self.images.spans}
        return {**arrays, "images": self.images}

    @cached_property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each of `arrays`, computed once: it costs more than to write them."""
        arrays = {name: array for name, array in self.arrays.items() if name != "content"}
        own = {name: array_digest(array) for name, array in arrays.items()}
        return {**own, "content": self.images.content.digest} if isinstance(self.images, EncodedImages) else own

    def take(self, indices: NDArray[np.int64]) -> Split:
        """The images at `indices`, int64, (m,), in that order: copied, or still encoded."""
        paths = tuple(self.paths[i] for i in indices) if self.paths else ()
        weights = self.weights[indices] if self.weights is not None else None
        sizes = self.sizes[indices] if self.sizes is not None else None
        images = self.images.subset(indices) if isinstance(self.images, EncodedImages) else self.images[indices]
        return Split(images, self.labels[indices], self.hashes[indices], paths, weights, sizes)


@dataclass(frozen=True)
class Duplicates:
    """Exact duplicates, as content hashes tell.

    Attributes:
        within: For each side, how many images repeat an earlier one of that side.
        across: For each pair of sides, how many images of the second stand in the first too.
    """

    within: Mapping[str, int]
    across: Mapping[str, int]


@dataclass(frozen=True)
class ImageDataset:
    """Images, labels and names, split into train, validation and test.

    Attributes:
        name: Name of the source, such as "cifar100".
        splits: The sides by name: train, validation, test, and gate where some images are held out for it.
        classes: Class names; a label is an index into them.
        superclasses: Superclass names, empty where there are none.
        superclass_of: int32, (classes,), the superclass of each class; empty where there are none.
        duplicates: Exact duplicates within the official train and test parts and across them.
        source_digest: SHA-256 of what the source read, such as the archive, in hexadecimal.
        notes: What a reader of the results should know of the data, one sentence each.
        transform: How files became arrays; None where the source published arrays.
        findings: Files and pairs of images that a person should look at.
    """

    name: str
    splits: Mapping[str, Split]
    classes: tuple[str, ...]
    superclasses: tuple[str, ...]
    superclass_of: NDArray[np.int32]
    duplicates: Duplicates
    source_digest: str = ""
    notes: tuple[str, ...] = ()
    transform: ImageTransform | None = None
    findings: Findings = field(default_factory=Findings)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        height, width, channels = self.splits["train"].images.shape[1:]
        return int(height), int(width), int(channels)

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, over names, superclasses, transform and each split's images, labels and weights."""
        contents = {
            "classes": self.classes,
            "superclasses": self.superclasses,
            "superclass_of": self.superclass_of.tolist(),
            **({"transform": self.transform.to_json()} if self.transform else {}),
            "splits": {name: _digests(split) for name, split in self.splits.items()},
        }
        return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()


def image_hashes(images: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Content hash of each image: the first 8 bytes of BLAKE2b over its pixels, row-major.

    Args:
        images: uint8, (n, height, width, channels).

    Returns:
        uint64, (n,). Sixty-four bits keep the chance of one collision among a million images below 1e-7.
    """
    digests = b"".join(hashlib.blake2b(image.tobytes(), digest_size=8).digest() for image in images)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def array_digest(array: NDArray[np.generic]) -> str:
    """SHA-256 of an array's dtype, shape and bytes, in hexadecimal."""
    hasher = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    hash_bytes(hasher, array)
    return hasher.hexdigest()


def _digests(split: Split) -> list[str]:
    images = split.images.digest if isinstance(split.images, EncodedImages) else split.digests["images"]
    return [images, split.digests["labels"], *([split.digests["weights"]] if split.weights is not None else [])]
