"""Your own images as a source lists them: everything but their pixels."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.configuration.nearest import nearest
from recognition.errors import InputError

SIDES = {  # names of folders and of values in a column `split`, in any letter case
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
}
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # they end lines or move a terminal's cursor
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")


@dataclass(frozen=True)
class Listing:
    """Images in the order of their source.

    Attributes:
        paths: Path of each image from the source's root, fit to be printed.
        labels: The name of each image's class.
        contents: Makes an iterator over the images: their files, or their bytes.
        sides: train, validation or test of each image; None where the source does not say.
        groups: What each image belongs to, "" for nothing; None where the source does not say.
        weights: How much each image counts in training; None where the source does not say.
        class_names: Class names in their order, where the source has one; else they are sorted.
        files: The files that the listing and its images were read from.
        notes: What a reader of the results should know, one sentence each.
    """

    paths: Sequence[str]
    labels: Sequence[str]
    contents: Callable[[], Iterator[Path | bytes]]
    sides: Sequence[str] | None = None
    groups: Sequence[str] | None = None
    weights: Sequence[float] | None = None
    class_names: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def indices(self, classes: Sequence[str]) -> NDArray[np.int32]:
        """The labels as indices into `classes`: int32, (n,)."""
        places = {name: index for index, name in enumerate(classes)}
        return np.array([places[label] for label in self.labels], np.int32)


def class_names(listing: Listing) -> tuple[str, ...]:
    """The classes, in the source's order or sorted, numbers by value; checked.

    Raises:
        InputError: Fewer than two classes, or two whose names differ only in letter case or in how accents are coded.
    """
    names = set(listing.labels)
    check_names(names)
    if len(names) < 2:
        raise InputError(
            "there is nothing to tell apart",
            received=f"{len(listing.labels):,} images, all of class {next(iter(names))!r}" if names else "no images",
            expected="images of at least two classes",
            remedy="add another class, or check that data.path names the folder above the classes",
        )
    return listing.class_names or tuple(sorted(names, key=_number_first))


def check_names(names: set[str]) -> None:
    """Raise InputError where two class names differ only in letter case or in how accents are coded."""
    seen: dict[str, str] = {}
    for name in sorted(names):
        other = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            raise InputError(
                "two classes have almost the same name",
                received=f"{other!r} and {name!r}, which differ only in letter case or in how accents are coded",
                expected="names that a reader can tell apart",
                remedy="give both the same name if they are one class, else rename one",
            )


def side_of(name: str) -> str | None:
    """train, validation or test, as a folder or a table calls it; None for anything else."""
    return SIDES.get(name.strip().casefold())


def side_hint(name: str) -> str:
    """A hint for a name that is none of the sides."""
    near = nearest(name, SIDES)
    return f"; did you mean {near}?" if near else ""


def printable(text: str) -> str:
    """A name in one line of valid Unicode: control characters, and bytes that are no UTF-8, stand as escapes."""
    return UNPRINTABLE.sub(_escape, text)


def count(number: int, noun: str) -> str:
    """A number and a noun in singular or plural."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def some(items: Sequence[object], limit: int = 3) -> str:
    """The first few of many, for messages."""
    more = f" and {len(items) - limit:,} more" if len(items) > limit else ""
    return ", ".join(printable(str(item)[:100]) for item in items[:limit]) + more


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    is_byte = 0xDC80 <= code <= 0xDCFF  # how Python holds a byte that is no UTF-8
    return f"\\x{code - 0xDC00:02x}" if is_byte else ascii(found[0])[1:-1]


def _number_first(name: str) -> tuple[bool, int, str]:
    is_number = name.isascii() and name.isdigit() and len(name) < 19
    return not is_number, int(name) if is_number else 0, name
