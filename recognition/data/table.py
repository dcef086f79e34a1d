"""Own images in a CSV table: columns path and label and, where there, split, group and weight."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from recognition.configuration.nearest import nearest
from recognition.data.listing import Listing, printable, side_hint, side_of, some
from recognition.errors import InputError

PATH_COLUMNS = ("path", "file_name")  # ours, and that of Hugging Face's metadata.csv
METADATA = "metadata.csv"
SIZE_LIMIT = 2**30  # bytes
ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class _Row(NamedTuple):
    place: str  # file and line
    root: Path
    side: str | None  # of the folder that the table lies in
    cells: Mapping[str, str]


class Columns(NamedTuple):
    """What `data.image_column` and `data.label_column` say: a name, a number from 0, or None for the usual ones."""

    image: str | int | None
    label: str | int | None


def list_table(path: Path, columns: Columns) -> Listing:
    """List the images of a CSV table in UTF-8.

    Args:
        path: The table, or a folder with Hugging Face's `metadata.csv` in it or in its train, validation and test.
            Images lie in or below the table's folder.
        columns: Where image and label stand; else `path` (or `file_name`) and `label`.

    Raises:
        InputError: A table or column is missing, a row is incomplete, or an image is not there or lies elsewhere.
    """
    tables = _tables(path)
    rows = [row for table, side in tables for row in _rows(table, side, columns)]
    if not rows:
        raise _refusal(path, "lists no image", "a header and no row below it", "one image a row")
    files = [_file(row) for row in rows]
    _check_files(files, rows)
    top = path if os.path.isdir(path) else path.parent
    return Listing(
        paths=[printable(file.relative_to(top).as_posix()) for file in files],
        labels=[_label(row) for row in rows],
        contents=lambda: iter(files),
        sides=_sides(rows),
        groups=[row.cells["group"].strip() for row in rows] if _has(rows, "group") else None,
        weights=[_weight(row) for row in rows] if _has(rows, "weight") else None,
        files=(*(table for table, _ in tables), *files),
    )


def _tables(path: Path) -> list[tuple[Path, str | None]]:
    """The tables that a path means, each with the side that its folder is called after."""
    if not os.path.isdir(path):  # Path.is_dir raises where a name is too long, or a folder may not be searched
        return [(path, None)]
    if os.path.isfile(path / METADATA):
        return [(path / METADATA, None)]
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise _refusal(path, "cannot be read", error.strerror or str(error), "a folder that may be read") from None
    folders = [path / name for name in names if side_of(name) and os.path.isfile(path / name / METADATA)]
    if not folders:
        expected = f"a CSV file, or a folder with {METADATA} in it or in its train, validation and test"
        raise _refusal(path, "is a folder without a table", f"no {METADATA}", expected)
    return [(folder / METADATA, side_of(folder.name)) for folder in folders]


def _rows(table: Path, side: str | None, columns: Columns) -> list[_Row]:
    reader = csv.reader(io.StringIO(_text(table), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        places = _places(header, columns, table)
        rows: list[_Row] = []
        for cells in reader:
            if cells:
                _check_width(cells, header, f"{table}:{reader.line_num}")
                named = {name: cells[place] for name, place in places.items()}
                rows.append(_Row(f"{table}:{reader.line_num}", table.parent, side, named))
    except csv.Error as error:
        raise _refusal(f"{table}:{reader.line_num}", "is not CSV", str(error), "cells as CSV quotes them") from None
    return rows


def _text(table: Path) -> str:
    try:
        if not table.is_file():
            received = "no such file" if not table.exists() else "not a file"
            raise _refusal(table, "is missing", received, "a CSV file")
        if table.stat().st_size > SIZE_LIMIT:
            raise _refusal(table, "is too large", f"{table.stat().st_size:,} bytes", f"at most {SIZE_LIMIT:,}")
        content = table.read_bytes()
    except OSError as error:
        raise _refusal(table, "cannot be read", error.strerror or str(error), "a CSV file that may be read") from None
    if not content.strip():
        raise _refusal(table, "is empty", f"{len(content)} bytes", "a header and one image a row")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        mark = ENCODINGS.get(content[:2])
        received = (
            f"the byte-order mark of {mark}" if mark else f"byte {content[error.start]:#04x} in place {error.start}"
        )
        raise _refusal(table, "is not UTF-8 text", received, "CSV in UTF-8", "save it again as UTF-8") from None


def _places(header: Sequence[str], columns: Columns, table: Path) -> dict[str, int]:
    """The place of each column that we read, under our own names."""
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise _refusal(table, "has a column twice", some(repeated), "different names")
    usual = next((name for name in PATH_COLUMNS if name in header), PATH_COLUMNS[0])
    places = {
        "path": _place(header, usual if columns.image is None else columns.image, "data.image_column", table),
        "label": _place(header, "label" if columns.label is None else columns.label, "data.label_column", table),
    }
    return places | {name: header.index(name) for name in ("split", "group", "weight") if name in header}


def _place(header: Sequence[str], column: str | int, key: str, table: Path) -> int:
    if isinstance(column, int) and column < len(header):
        return column
    if column in header:
        return header.index(str(column))
    received = f"the columns {some(header, 8)}" if header else "no columns"
    separator = next((mark for mark in (";", "\t", "|") if len(header) == 1 and mark in header[0]), None)
    if separator:
        near = f"separate the cells by commas, not by {separator!r}"
    elif isinstance(column, str) and (similar := nearest(column, header)):
        near = f"rename {similar}, or set {key}={similar}"
    else:
        near = f"add the column, or name another as {key}"
    raise _refusal(table, f"has no column {column}", received, "a header with path and label", near)


def _check_width(cells: Sequence[str], header: Sequence[str], place: str) -> None:
    if len(cells) != len(header):
        received = f"{len(cells)} cells: {some(cells)}"
        raise _refusal(place, "has too many or too few cells", received, f"{len(header)}, as in the header")


def _file(row: _Row) -> Path:
    text = row.cells["path"].strip()
    if not text or "\0" in text:
        raise _refusal(row.place, "names no image", repr(text), "a path below the table's folder")
    path = Path(os.path.normpath(row.root / text))
    if not path.is_relative_to(os.path.normpath(row.root)) or path == row.root:
        raise _refusal(row.place, "names an image outside the table's folder", text[:200], f"a path below {row.root}")
    return path


def _check_files(files: Sequence[Path], rows: Sequence[_Row]) -> None:
    missing = [place for place, file in enumerate(files) if not os.path.exists(file) or os.path.isdir(file)]
    if missing:
        received = f"{rows[missing[0]].cells['path'].strip()[:200]}" + (
            f" ({len(missing):,} such rows)" if len(missing) > 1 else ""
        )
        raise _refusal(rows[missing[0]].place, "names an image that is not there", received, "a file")


def _label(row: _Row) -> str:
    label = printable(row.cells["label"].strip())
    if not label:
        raise _refusal(row.place, "has an empty label", repr(row.cells["label"]), "the name of a class")
    return label


def _sides(rows: Sequence[_Row]) -> list[str] | None:
    if not _has(rows, "split") and rows[0].side is None:
        return None
    return [_side(row) for row in rows]


def _side(row: _Row) -> str:
    if "split" not in row.cells:
        return row.side or ""
    side = side_of(row.cells["split"])
    if side is None:
        text = row.cells["split"][:100]
        raise _refusal(row.place, "is of no known split", repr(text), f"train, validation or test{side_hint(text)}")
    return side


def _weight(row: _Row) -> float:
    text = row.cells["weight"].strip()
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise _refusal(row.place, "has no proper weight", repr(text[:100]), "a number of 0 or more")
    return weight


def _has(rows: Sequence[_Row], column: str) -> bool:
    having = [column in row.cells for row in rows]
    if any(having) and not all(having):
        place = rows[having.index(False)].place
        raise _refusal(
            place, f"has no column {column}", "another table that has one", "the same columns in every table"
        )
    return all(having)


def _refusal(place: Path | str, problem: str, received: str, expected: str, remedy: str = "") -> InputError:
    mend = remedy or "mend the table, or name another as data.path"
    problem = printable(f"{place} {problem}")
    return InputError(problem, received=printable(received), expected=printable(expected), remedy=printable(mend))
