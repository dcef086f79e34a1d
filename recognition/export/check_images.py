"""The labelled images that an export is checked with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import Split
from recognition.data.folder import list_folder
from recognition.data.image_transform import ImageTransform, UnreadableImageError
from recognition.errors import InputError

Labelled = tuple[NDArray[np.uint8], NDArray[np.int32]]  # images (n, height, width, channels) and class indices (n,)


def evenly(total: int, count: int) -> NDArray[np.int64]:
    """Positions of `count` of `total` items, or of all where there are fewer, spread evenly: the same every time."""
    return np.unique(np.linspace(0, total - 1, min(total, count)).astype(np.int64))


def images_of_split(split: Split, count: int) -> Labelled:
    """Images from all over one side of a data set.

    Args:
        split: The side.
        count: How many; all where there are fewer.
    """
    chosen = evenly(len(split), count)
    return np.asarray(split.images[chosen]), np.asarray(split.labels[chosen])


def images_of_folder(root: Path, classes: Sequence[str], transform: ImageTransform, count: int) -> Labelled:
    """Images from a folder that holds one folder for each class; of its folder `test`, where it has train and test.

    Args:
        root: The folder.
        classes: The model's classes.
        transform: How files become arrays.
        count: How many; all where there are fewer.

    Raises:
        InputError: If there is no such folder, a folder in it is none of the classes, or a file cannot be read.
    """
    if not root.is_dir():
        raise InputError("--images names no folder", received=str(root), expected="a folder of class folders")
    listing = list_folder(root)
    unknown = sorted(set(listing.labels) - set(classes))
    if unknown:
        raise InputError(
            "a folder of --images is none of the model's classes",
            received=f"{root / unknown[0]}",
            expected=f"folders called by the model's classes: {', '.join(classes[:10])}",
        )
    contents = list(listing.contents())
    wanted = [place for place in range(len(contents)) if listing.sides is None or listing.sides[place] == "test"]
    if not wanted:
        raise InputError("--images has no test images", received=str(root), expected="a folder test beside train")
    chosen = [wanted[place] for place in evenly(len(wanted), count)]
    index = {name: number for number, name in enumerate(classes)}
    labels = np.array([index[listing.labels[place]] for place in chosen], np.int32)
    return np.stack([_decoded(Path(str(contents[place])), transform) for place in chosen]), labels


def _decoded(path: Path, transform: ImageTransform) -> NDArray[np.uint8]:
    try:
        return transform.decode(path.read_bytes()).pixels
    except (OSError, UnreadableImageError) as error:
        raise InputError("an image of --images cannot be read", received=f"{path}: {error}") from error
