"""Images in a parquet file, read a few rows at a time; it needs no labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from recognition.data.listing import printable, some
from recognition.data.parquet import BATCH, open_parquet
from recognition.errors import InputError
from recognition.prediction.named_image import NamedImage

if TYPE_CHECKING:
    import pyarrow as pa

USUAL = ("image", "img")


class _Column(NamedTuple):
    name: str
    is_struct: bool
    has_path: bool


def count_parquet(file: Path, name: str) -> int:
    """How many images a file holds.

    Args:
        file: A parquet file with a column of images: encoded bytes, or Hugging Face's struct of `bytes` and `path`.
            Where there are several, `image` counts, else `img`.
        name: What it is called.

    Raises:
        InputError: It cannot be read, holds no row, or no such column, or several.
    """
    parquet = open_parquet(file)
    _image_column(parquet.schema_arrow, name)
    if not parquet.metadata.num_rows:
        raise InputError("a parquet file holds no image", received=f"{printable(name)}, no row")
    return int(parquet.metadata.num_rows)


def read_parquet(file: Path, name: str) -> Iterator[NamedImage]:
    """The images of a file in its order; what stands as path beside an image is its name, else file and row.

    Args:
        file: As of `count_parquet`.
        name: What it is called.

    Raises:
        InputError: The file is damaged.
    """
    import pyarrow as pa

    parquet, row = open_parquet(file), 0
    column = _image_column(parquet.schema_arrow, name)
    try:
        for batch in parquet.iter_batches(BATCH, columns=_fields(column)):
            for value in batch.column(0).to_pylist():
                yield _image(value, column, f"{name}#{row}")
                row += 1
    except (pa.ArrowException, OSError) as error:
        received = printable(f"{name}, row {row} or one of the next: {str(error).splitlines()[0][:200]}")
        raise InputError("a parquet file is damaged", received=received, expected="a whole parquet file") from error


def _image(value: Any, column: _Column, place: str) -> NamedImage:
    if not column.is_struct:
        return NamedImage(printable(place), value or b"")
    told = value["path"] if value and column.has_path else None
    return NamedImage(printable(told or place), (value["bytes"] if value else None) or b"")


def _image_column(schema: pa.Schema, name: str) -> _Column:
    found = {field.name: column for field in schema if (column := _as_images(field)) is not None}
    chosen = next((found[usual] for usual in USUAL if usual in found), None)
    if chosen is None and len(found) == 1:
        (chosen,) = found.values()
    if chosen is None:
        columns = some(list(found) or schema.names, 8)
        raise InputError(
            "a parquet file has several columns of images" if found else "a parquet file has no column of images",
            received=f"{printable(name)} with the columns {columns}",
            expected="one column of encoded images (binary, or a struct of bytes and path), or one called image",
        )
    return chosen


def _as_images(field: pa.Field) -> _Column | None:
    import pyarrow as pa

    kind = field.type
    is_struct = pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0
    inner = kind.field("bytes").type if is_struct else kind
    if not (pa.types.is_binary(inner) or pa.types.is_large_binary(inner)):
        return None
    return _Column(field.name, is_struct, is_struct and kind.get_field_index("path") >= 0)


def _fields(column: _Column) -> list[str]:
    if not column.is_struct:
        return [column.name]
    return [f"{column.name}.bytes", *([f"{column.name}.path"] if column.has_path else [])]
