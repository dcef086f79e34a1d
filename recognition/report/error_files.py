"""Wrongly predicted test images as files, in folders by true and predicted class, for a person to go through."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.configuration.sections.data import OWN_SOURCES, DataConfig
from recognition.data.dataset import Split
from recognition.data.image_structure import FORMATS
from recognition.data.listing import SUFFIXES
from recognition.data.originals import read_originals
from recognition.errors import InputError
from recognition.evaluation.evaluation import Evaluation

INDEX = "errors.csv"
COLUMNS = ("path", "true", "predicted", "probability", "source", "content")
FOLDER_BYTES, STEM_BYTES = 60, 80  # of a name in UTF-8: with both folders below the 260 characters of Windows
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


@dataclass(frozen=True)
class CopiedErrors:
    """What `copy_errors` has written.

    Attributes:
        images: How many images.
        files: How many of them are copies of their files; the others are PNGs of the pixels.
        reason: Why some files could not be had; empty where all could, or where the data set has none.
    """

    images: int
    files: int
    reason: str


def check_errors_folder(folder: Path, config: DataConfig) -> None:
    """Raise InputError unless wrongly predicted images may go to `folder`: a new or empty one, not among the data."""
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(
            "the folder of --copy-errors is not empty",
            received=f"{folder}, with {next(folder.iterdir()).name!r} in it",
            expected="a new or an empty folder: nothing is overwritten",
            remedy="name another folder, or empty this one",
        )
    if config.source == "folder" and folder.resolve().is_relative_to(Path(config.path or "").expanduser().resolve()):
        raise InputError(
            "the folder of --copy-errors lies among the data",
            received=f"{folder}, below data.path",
            expected="a folder elsewhere: the next run would take the copies for training images",
        )


def copy_errors(evaluation: Evaluation, test: Split, config: DataConfig, cache: Path, folder: Path) -> CopiedErrors:
    """Write each wrongly predicted image to `folder`/true/predicted/number-name, and an index of them.

    An image's own file is copied byte by byte. Where there is none, or it is gone or has changed, the pixels that the
    model saw are written as PNG. Names are fit for every file system.

    Args:
        evaluation: Predictions on `test`.
        test: The images.
        config: Section `data` of the configuration that they were read with.
        cache: Folder for remote images.
        folder: Made where missing. Its index, errors.csv, has the columns path (below `folder`), true, predicted,
            probability (of the predicted class), source (the image's path in the data, else empty) and content ("file"
            or "pixels").

    Raises:
        FileExistsError: Something is in the way.
    """
    table = evaluation.predictions
    wrong = table[(table["true"] != table["predicted"]).to_numpy()]
    rows: dict[int, dict[Any, Any]] = {row["index"]: row for row in wrong.to_dict("records")}
    writer = _Writer(folder, folder_names(evaluation.class_names), test.paths)
    reason = ""
    try:
        for index, content in read_originals(config, cache, test, rows):
            writer.write(rows[index], content, "file")
    except InputError as error:
        reason = " ".join(f"{error.problem}: {error.received}".split())
    files = len(writer.written)
    for index in [index for index in rows if index not in writer.written]:
        writer.write(rows[index], _png(test.images[index]), "pixels")
    writer.write_index(evaluation.class_names)
    if files < len(rows) and config.source in OWN_SOURCES:
        reason = reason or "they are gone or have changed since they were read"
    return CopiedErrors(len(rows), files, reason)


def folder_names(names: Sequence[str]) -> tuple[str, ...]:
    """A name for each class that every file system accepts, and that no other class has, whatever the letter case."""
    taken: set[str] = set()
    chosen = []
    for index, name in enumerate(names):
        safe = safe_name(name, FOLDER_BYTES)
        if safe.casefold() in taken:
            safe = f"{safe}-{index}"
        while safe.casefold() in taken:
            safe += "_"
        taken.add(safe.casefold())
        chosen.append(safe)
    return tuple(chosen)


def safe_name(text: str, limit: int) -> str:
    """Letters, digits, dots and hyphens of a text, the rest as underscores, in at most `limit` bytes of UTF-8."""
    plain = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", text))
    cut = plain.encode()[:limit].decode(errors="ignore").strip(".-")
    return f"_{cut}" if RESERVED.match(cut) or not cut else cut


class _Writer:
    """Writes images and remembers where they went."""

    def __init__(self, folder: Path, names: Sequence[str], paths: Sequence[str]) -> None:
        self._folder, self._names, self._paths = folder, names, paths
        self.written: dict[int, dict[Any, Any]] = {}

    def write(self, row: dict[Any, Any], content: bytes, kind: str) -> None:
        """Write an image's content, a "file" or its "pixels"."""
        index = row["index"]
        source = PurePosixPath(self._paths[index]) if self._paths else PurePosixPath()
        suffix = _suffix(source, content) if kind == "file" else ".png"
        name = "-".join([f"{index:05}", *([safe_name(source.stem, STEM_BYTES)] if source.stem else [])]) + suffix
        path = PurePosixPath(self._names[row["true"]], self._names[row["predicted"]], name)
        (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
        with (self._folder / path).open("xb") as file:
            file.write(content)
        probability = f"{row['probability_1']:.6f}"
        self.written[index] = {**row, "path": path, "probability": probability, "source": row["path"], "content": kind}

    def write_index(self, names: Sequence[str]) -> None:
        """Write the table of what was written, in the order of the images."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / INDEX).open("x", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(COLUMNS)
            for _, row in sorted(self.written.items()):
                named = {**row, "true": names[row["true"]], "predicted": names[row["predicted"]]}
                table.writerow([named[column] for column in COLUMNS])


def _suffix(source: PurePosixPath, content: bytes) -> str:
    """The source's own suffix, else one for its kind: rows of a table of images often have none."""
    from PIL import Image

    if source.suffix.casefold() in SUFFIXES:
        return source.suffix
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        return f".{image.format}".casefold()


def _png(image: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else np.ascontiguousarray(image)).save(buffer, "PNG")
    return buffer.getvalue()
