"""Images named in a list: a CSV table with a column of paths, or one path a line."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from recognition.data.listing import printable, some
from recognition.data.table import PATH_COLUMNS
from recognition.errors import InputError
from recognition.prediction.named_image import NamedImage


def read_lines(lines: Iterable[str]) -> Iterator[NamedImage]:
    """One image a line; empty lines count for nothing.

    Args:
        lines: Paths from the current folder, or absolute ones.
    """
    for line in lines:
        if path := line.rstrip("\r\n"):
            yield _image(path, path)


def read_path_table(table: Path, name: str) -> Iterator[NamedImage]:
    """One image a row of a CSV table in UTF-8, read row by row.

    Args:
        table: It has a column `path` (or `file_name`) of paths from its folder, or absolute ones; others are not read.
        name: What it is called.

    Raises:
        InputError: It cannot be read, is no CSV in UTF-8, has no such column or no row.
    """
    root, rows = os.path.dirname(name), 0
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            place = _path_column([cell.strip() for cell in next(reader, [])], name)
            for cells in filter(None, reader):
                rows += 1
                text = cells[place].strip() if place < len(cells) else ""
                if text and "\0" not in text:
                    yield _image(os.path.join(root, text), os.path.join(table.parent, text))
                else:
                    yield NamedImage(printable(f"{name}:{reader.line_num}"), table, "a row that names no image")
    except (OSError, ValueError, csv.Error) as error:
        received = printable(f"{name}: {getattr(error, 'strerror', None) or error}")
        raise InputError("a table of paths cannot be read", received=received, expected="CSV in UTF-8") from None
    if not rows:
        raise InputError("a table names no image", received=printable(name), expected="one image a row")


def _path_column(header: Sequence[str], name: str) -> int:
    known = [column for column in PATH_COLUMNS if column in header]
    if not known:
        received = f"{printable(name)} with the columns {some(header, 8)}" if header else f"{printable(name)}, empty"
        expected = f"a header with {' or '.join(PATH_COLUMNS)}"
        raise InputError("a table has no column of paths", received=received, expected=expected)
    return header.index(known[0])


def _image(name: str, path: str) -> NamedImage:
    if "\0" in path:
        return NamedImage(printable(name), b"", "a path with a null character")
    return NamedImage(printable(name), Path(os.path.expanduser(path)))
