"""Own images in parquet files: a column of encoded images and a column of labels, read in bounded memory."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognition.configuration.nearest import nearest
from recognition.data.listing import Listing, printable, side_hint, side_of, some
from recognition.data.parquet_file import ImageColumn, as_images, damage, encoded_images, open_parquet
from recognition.data.table import Columns
from recognition.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


def list_parquet(path: Path, columns: Columns) -> Listing:
    """List the images of parquet files.

    An image is binary, or a struct of `bytes` and `path` as Hugging Face writes it; a label is text or a whole
    number, which Hugging Face's metadata may name. Columns `split`, `group` and `weight` count where they are there;
    else a file or folder called after train, validation or test, such as `test-00000-of-00001.parquet`, is that side.

    Args:
        path: A file, or a folder of parquet files at any depth.
        columns: Where image and label stand; else `image` and `label`.

    Raises:
        InputError: A file is missing, damaged, empty or of another schema, or a row lacks its label.
    """
    files = _files(path)
    images = [(file, _image_column(file, columns)) for file in files]
    tables = [_small_columns(file, column, columns) for file, column in images]
    names = _class_names(files[0], columns)
    labels = [_name(label, names) for table in tables for label in table["label"]]
    used = set(labels)
    if names and (unnamed := used - set(names)):
        problem, expected = "has labels without a name", f"0 to {len(names) - 1}, as its metadata name them"
        raise _refusal(path, problem, some(sorted(unnamed)), expected, "leave those rows out, or correct them")
    return Listing(
        paths=[shown for file, table in zip(files, tables, strict=True) for shown in _shown(path, file, table)],
        labels=labels,
        contents=lambda: (content for each in images for content, _ in encoded_images(*each, str(each[0]))),
        sides=_sides(path, files, tables),
        groups=_optional(tables, "group", lambda value: "" if value is None else str(value)),
        weights=_optional(tables, "weight", _weight),
        class_names=tuple(name for name in names if name in used),
        files=tuple(files),
    )


def _files(path: Path) -> list[Path]:
    files = sorted(path.rglob("*.parquet")) if os.path.isdir(path) else [path]
    files = [file for file in files if not file.name.startswith((".", "_"))]
    if not files:
        raise _refusal(path, "holds no parquet file", "a folder without one", "*.parquet")
    if missing := [file for file in files if not os.path.isfile(file)]:
        received = "no such file" if not os.path.exists(missing[0]) else "not a file"
        raise _refusal(missing[0], "is missing", received, "a parquet file")
    return files


def _image_column(file: Path, columns: Columns) -> ImageColumn:
    schema = open_parquet(file).schema_arrow
    name = _column(schema, "image" if columns.image is None else columns.image, "data.image_column", file)
    field = schema.field(name)
    column = as_images(field)
    if column is None:
        expected, received = "binary (encoded image files), or a struct of bytes and path", str(field.type)[:200]
        raise _refusal(file, f"has no images in the column {name}", received, expected, "set data.image_column")
    return column


def _column(schema: pa.Schema, column: str | int, key: str, file: Path) -> str:
    names: list[str] = schema.names
    if isinstance(column, int) and column < len(names):
        return names[column]
    if names.count(str(column)) == 1:
        return str(column)
    near = nearest(str(column), names)
    remedy = f"set {key}={near}" if near else f"name another as {key}"
    raise _refusal(
        file, f"has no column {column}", f"the columns {some(names, 8)}", "an image and a label column", remedy
    )


def _small_columns(file: Path, images: ImageColumn, columns: Columns) -> dict[str, list[Any]]:
    """Labels, and split, group and weight where they are there, under our own names."""
    import pyarrow as pa

    parquet = open_parquet(file)
    schema = parquet.schema_arrow
    label = _column(schema, "label" if columns.label is None else columns.label, "data.label_column", file)
    kind = schema.field(label).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        received = f"{label}: {kind}"[:200]
        raise _refusal(file, "has labels of a wrong type", received, "text or whole numbers", "set data.label_column")
    wanted = {"label": label, **{name: name for name in ("split", "group", "weight") if name in schema.names}}
    try:
        table = parquet.read(columns=[*wanted.values(), *([f"{images.name}.path"] if images.has_path else [])])
        values = {name: table.column(column).to_pylist() for name, column in wanted.items()}
        if images.has_path:
            values["path"] = [each and each["path"] for each in table.column(images.name).to_pylist()]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damage(file, error) from error
    empty = [row for row, value in enumerate(values["label"]) if value is None or not str(value).strip()]
    if empty:
        raise _refusal(file, "has an empty label", f"row {empty[0]} ({len(empty):,} such rows)", "the name of a class")
    return values


def _class_names(file: Path, columns: Columns) -> tuple[str, ...]:
    """The names that Hugging Face's `datasets` keeps for numbered labels; empty where there are none."""
    schema = open_parquet(file).schema_arrow
    label = _column(schema, "label" if columns.label is None else columns.label, "data.label_column", file)
    try:
        metadata = json.loads((schema.metadata or {})[b"huggingface"])
        names = metadata["info"]["features"][label]["names"]
    except (KeyError, TypeError, ValueError):
        return ()
    texts = tuple(printable(str(name)) for name in names) if isinstance(names, list) else ()
    return texts if len(set(texts)) == len(texts) else ()


def _name(label: object, names: Sequence[str]) -> str:
    if names and isinstance(label, int) and 0 <= label < len(names):
        return names[label]
    return printable(str(label).strip())


def _sides(path: Path, files: Sequence[Path], tables: Sequence[dict[str, list[Any]]]) -> list[str] | None:
    given = _optional(tables, "split", _split)
    if given is not None:
        return given
    sides = [_side_in_name(path, file) for file in files]
    if not any(sides):
        return None
    if not all(sides):
        received = some([file.name for file, side in zip(files, sides, strict=True) if not side])
        raise _refusal(path, "mixes files of a side with others", received, "train, validation or test in every name")
    return [str(side) for side, table in zip(sides, tables, strict=True) for _ in table["label"]]


def _side_in_name(path: Path, file: Path) -> str | None:
    folders = file.relative_to(path).parts[:-1] if path.is_dir() else ()
    words = [*folders, file.stem.split("-")[0].split(".")[0]]
    return next((side for side in map(side_of, reversed(words)) if side), None)


def _split(value: object) -> str:
    side = side_of(str(value))
    if side is None:
        raise ValueError(
            f"{str(value)[:100]!r} in column split; expected train, validation or test{side_hint(str(value))}"
        )
    return side


def _weight(value: object) -> float:
    if isinstance(value, int | float) and 0 <= value < math.inf:
        return float(value)
    raise ValueError(f"{str(value)[:100]!r} in column weight; expected a number of 0 or more")


def _optional(tables: Sequence[dict[str, list[Any]]], name: str, convert: Callable[[Any], Any]) -> list[Any] | None:
    """A column that may be missing, but not in some of the files only."""
    having = [name in table for table in tables]
    if not any(having):
        return None
    if not all(having):
        raise InputError(
            f"only some of the parquet files have a column {name}",
            received=f"{sum(having)} of {len(having)}",
            expected="the same columns in all",
            remedy="write them anew, or name one file as data.path",
        )
    try:
        return [convert(value) for table in tables for value in table[name]]
    except ValueError as error:
        received, _, expected = str(error).partition("; expected ")
        raise InputError(
            f"a parquet file has a wrong {name}", received=received, expected=expected, remedy="mend the column"
        ) from None


def _shown(path: Path, file: Path, table: dict[str, list[Any]]) -> Iterator[str]:
    """The path that stands beside each image, else its file and row."""
    name = printable(file.relative_to(path).as_posix() if path.is_dir() else file.name)
    known = table.get("path") or [None] * len(table["label"])
    return (printable(str(told)) if told else f"{name}#{row}" for row, told in enumerate(known))


def _refusal(place: Path, problem: str, received: str, expected: str, remedy: str = "") -> InputError:
    mend = remedy or "mend the file, or name another as data.path"
    problem = printable(f"{place} {problem}")
    return InputError(problem, received=printable(received), expected=expected, remedy=printable(mend))
