"""Own images: listed, read, divided and checked, whatever source they come from."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.configuration.sections.data import DataConfig
from recognition.data.dataset import SPLITS, ImageDataset, Split
from recognition.data.duplicates import count_duplicates, without_duplicates
from recognition.data.findings import Findings, Place
from recognition.data.folder import list_folder
from recognition.data.image_transform import ImageTransform
from recognition.data.listing import Listing, class_names, printable, some
from recognition.data.look_alikes import find_pairs
from recognition.data.notes import class_notes, finding_notes, side_notes
from recognition.data.parquet import list_parquet
from recognition.data.reading import ReadImages, read_images
from recognition.data.remote.address import is_remote
from recognition.data.remote.mirror import mirror
from recognition.data.sides import assign_sides
from recognition.data.splits import limit_train
from recognition.data.table import Columns, list_table
from recognition.errors import InputError


def read_own_images(config: DataConfig, cache: Path) -> tuple[ImageDataset, tuple[Path, ...]]:
    """Read a user's own images and divide them into train, validation and test.

    Args:
        config: Section `data` of the configuration; its source is folder, csv or parquet.
        cache: Folder for remote images and for encoded ones that do not fit memory.

    Returns:
        The data set, and the files that it was read from.

    Raises:
        InputError: See the sources; or too many files cannot be read, images stand on two sides, or a side or a class
            lacks images.
    """
    listing = list_images(config, cache)
    classes = class_names(listing)
    transform = transform_of(config)
    read = read_images(listing.contents(), list(listing.paths), transform, config.max_decoded, cache)
    _check_unreadable(read, len(listing.paths), config.max_unreadable)
    labels = listing.indices(classes)[read.places]
    groups = _groups(listing, config.group)
    sides = _sides(read, listing, groups, config)
    paths = _picked(listing.paths, read.places)
    whole = Split(read.images, labels, read.content, paths, _weights(listing, read), read.sizes)
    divided = _divided(whole, sides, config)
    chosen = limit_train(divided, whole.labels, config.train_limit, config.seed)
    _check_classes(classes, {side: labels[indices] for side, indices in chosen.items()})
    splits = {side: whole.take(indices) for side, indices in chosen.items()}
    findings = _findings(whole, read, chosen)
    dataset = ImageDataset(
        name=_name(config.path or ""),
        splits=splits,
        classes=classes,
        superclasses=(),
        superclass_of=np.empty(0, np.int32),
        duplicates=count_duplicates({side: split.hashes for side, split in splits.items()}),
        source_digest=_digest(whole, classes),
        notes=(
            *listing.notes,
            *side_notes(sides, listing.sides, groups and _picked(groups, read.places)),
            *class_notes(classes, splits),
            *finding_notes(findings, len(whole) - sum(map(len, divided.values()))),
        ),
        transform=transform,
        findings=findings,
    )
    return dataset, listing.files


def transform_of(config: DataConfig) -> ImageTransform:
    """How the images that section `data` of a configuration names become arrays."""
    return ImageTransform(*config.image_size, config.channels, config.resize, config.background)


def list_images(config: DataConfig, cache: Path) -> Listing:
    """List a user's own images; a remote address is mirrored first."""
    assert config.path is not None, "the schema asks for it"
    path = mirror(config.path, cache) if is_remote(config.path) else Path(os.path.expanduser(config.path)).absolute()
    columns = Columns(config.image_column, config.label_column)
    if config.source == "folder":
        return list_folder(path)
    return list_table(path, columns) if config.source == "csv" else list_parquet(path, columns)


def _check_unreadable(read: ReadImages, total: int, most: float) -> None:
    share = len(read.unreadable) / total
    if share > most or not len(read.places):
        lines = [f"{each.path[:100]} ({each.reason[:100]})" for each in read.unreadable]
        raise InputError(
            f"{len(read.unreadable):,} of {total:,} images cannot be read",
            received=some(lines),
            expected=f"at most {most:.2%} of the images, as data.max_unreadable says",
            remedy="mend or remove these files" + (", or raise data.max_unreadable" if share < 1 else ""),
        )


def _groups(listing: Listing, pattern: str | None) -> Sequence[str] | None:
    """The group of each image, "" for none; None where nothing groups them."""
    if pattern is None:
        return listing.groups
    if listing.groups is not None:
        raise InputError(
            "images are grouped twice",
            received=f"a column group, and data.group: {pattern!r}",
            expected="one of them",
            remedy="leave data.group out, or rename the column",
        )
    found = [re.search(pattern, path) for path in listing.paths]
    if not any(found):
        raise InputError(
            "data.group matches no path",
            received=f"{pattern!r}, and paths such as {some(listing.paths, 2)}",
            expected="a regular expression that is found in the paths",
            remedy=r"for instance data.group: '(patient\d+)_'",
        )
    return ["".join(filter(None, match.groups())) or match[0] if match else "" for match in found]


def _sides(read: ReadImages, listing: Listing, groups: Sequence[str] | None, config: DataConfig) -> NDArray[np.str_]:
    contents = [f"{mark:016x}" for mark in read.content.tolist()]
    keys = contents
    if groups is not None:
        named = _picked(groups, read.places)
        keys = [f"group {group}" if group else mark for group, mark in zip(named, contents, strict=True)]
    given = _picked(listing.sides, read.places) if listing.sides is not None else None
    return assign_sides(keys, given, config.test, config.validation, config.gate, config.seed)


def _divided(whole: Split, sides: NDArray[np.str_], config: DataConfig) -> dict[str, NDArray[np.int64]]:
    """The images of each side, duplicates settled."""
    wanted = [side for side in SPLITS if side != "gate" or config.gate]
    chosen = {side: np.flatnonzero(sides == side) for side in wanted}
    return without_duplicates(chosen, whole.hashes, config.duplicates or "error", whole.paths)


def _check_classes(classes: Sequence[str], labels: dict[str, NDArray[np.int32]]) -> None:
    for side, values in labels.items():
        if not len(values):
            raise InputError(
                f"no image is left for {side}",
                received=", ".join(f"{len(each):,} in {name}" for name, each in labels.items()),
                expected="images on every side",
                remedy="add images, choose other shares (data.test, data.validation, data.gate), or another data.seed",
            )
    absent = [name for index, name in enumerate(classes) if index not in set(labels["train"].tolist())]
    if absent:
        raise InputError(
            f"{'a class has' if len(absent) == 1 else 'classes have'} no training image",
            received=f"none of {some(absent)}",
            expected="two or more readable images of each class, one of them to train on",
            remedy="add images of it, leave the class out, or choose another data.seed",
        )


def _findings(whole: Split, read: ReadImages, chosen: dict[str, NDArray[np.int64]]) -> Findings:
    places: list[Place | None] = [None] * len(whole)
    for side, indices in chosen.items():
        for index, image in enumerate(indices.tolist()):
            places[image] = Place(side, index)
    return find_pairs(whole.images, whole.hashes, whole.labels, read.perceptual, places, read.unreadable)


def _weights(listing: Listing, read: ReadImages) -> NDArray[np.float32] | None:
    if listing.weights is None:
        return None
    weights = np.array(listing.weights, np.float32)[read.places]
    if weights.any():
        return weights
    raise InputError("every weight is 0", received="0 in each row", expected="some weights above 0", remedy="mend them")


def _picked(values: Sequence[str], places: NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(values[place] for place in places)


def _name(path: str) -> str:
    """What the data set is called: the folder or file, without its suffix."""
    return printable(path.rstrip("/").rpartition("/")[2].partition(".")[0]) or "images"


def _digest(whole: Split, classes: Sequence[str]) -> str:
    """SHA-256 over path, class and content of each image, in hexadecimal."""
    hasher = hashlib.sha256()
    for path, label, mark in zip(whole.paths, whole.labels.tolist(), whole.hashes.tolist(), strict=True):
        hasher.update(f"{path}\0{classes[label]}\0{mark:016x}\n".encode())
    return hasher.hexdigest()
