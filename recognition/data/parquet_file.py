"""Images in a parquet file, read a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recognition.data.listing import printable
from recognition.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH = 64  # rows whose images are in memory at a time
BUFFER = 2**20  # bytes read ahead of a column, instead of all of a row group


class ImageColumn(NamedTuple):
    """A column of encoded images: bytes, or Hugging Face's struct of `bytes` and, mostly, `path`."""

    name: str
    is_struct: bool
    has_path: bool


def open_parquet(file: Path) -> pq.ParquetFile:
    """A parquet file, read a little ahead only.

    Raises:
        InputError: It is empty or no parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.stat().st_size == 0:
        raise damage(file, "0 bytes", problem="is empty")
    try:
        return pq.ParquetFile(file, buffer_size=BUFFER)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damage(file, error) from error


def as_images(field: pa.Field) -> ImageColumn | None:
    """A column, if it is one of images."""
    import pyarrow as pa

    kind = field.type
    is_struct = pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0
    inner = kind.field("bytes").type if is_struct else kind
    if not (pa.types.is_binary(inner) or pa.types.is_large_binary(inner)):
        return None
    return ImageColumn(field.name, is_struct, is_struct and kind.get_field_index("path") >= 0)


def encoded_images(file: Path, column: ImageColumn, name: str) -> Iterator[tuple[bytes, str | None]]:
    """The bytes of each image, empty where there is none, and the path that stands beside it.

    Args:
        file: The file.
        column: Of its images.
        name: What the file is called.

    Raises:
        InputError: The file is damaged.
    """
    import pyarrow as pa

    fields, row = [column.name], 0
    if column.is_struct:
        fields = [f"{column.name}.{part}" for part in ("bytes", "path")[: 1 + column.has_path]]
    try:
        for batch in open_parquet(file).iter_batches(BATCH, columns=fields):
            for value in batch.column(0).to_pylist():
                parts = value or {} if column.is_struct else {"bytes": value}
                yield parts.get("bytes") or b"", parts.get("path")
                row += 1
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damage(name, error, f"row {row} or one of the next: ") from error


def damage(name: Path | str, error: object, place: str = "", problem: str = "cannot be read") -> InputError:
    """The error that says that a file cannot be read."""
    received = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    return InputError(
        printable(f"{name} {problem}"),
        received=printable(place + received),
        expected="a whole parquet file",
        remedy="write or fetch it again",
    )
