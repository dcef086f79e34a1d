"""Images in a parquet file, which needs no labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.data.listing import printable, some
from recognition.data.parquet_file import ImageColumn, as_images, encoded_images, open_parquet
from recognition.errors import InputError
from recognition.prediction.named_image import NamedImage

if TYPE_CHECKING:
    import pyarrow as pa

USUAL = ("image", "img")


def count_parquet(file: Path, name: str) -> int:
    """How many images a file holds.

    Args:
        file: A parquet file with a column of images. Where there are several, `image` counts, else `img`.
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
    column = _image_column(open_parquet(file).schema_arrow, name)
    for row, (content, path) in enumerate(encoded_images(file, column, name)):
        yield NamedImage(printable(path or f"{name}#{row}"), content)


def _image_column(schema: pa.Schema, name: str) -> ImageColumn:
    found = {field.name: column for field in schema if (column := as_images(field)) is not None}
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
