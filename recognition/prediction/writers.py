"""Predictions as CSV, JSON lines, Parquet, or lines for people; written as they come.

All formats for programs have the same columns: `path`, `label` (empty or null for "none of these"), `probability`,
`label_1`, `probability_1`, `label_2` and so on, most probable first, and `error`.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol
from uuid import uuid4

from recognition.configuration.nearest import nearest
from recognition.errors import InputError
from recognition.prediction.predict_stream import Prediction

ROW_GROUP = 10_000  # rows of a parquet file that are gathered before they are written
WIDEST = 60  # characters of a path, beyond which lines are no longer aligned
Cell = str | float | None


class Writer(Protocol):
    """Takes predictions as they come."""

    def write(self, predictions: Sequence[Prediction]) -> None:
        """Write some."""

    def close(self) -> None:
        """Write what was held back."""


def column_names(top: int) -> list[str]:
    """The columns for programs, where answers name `top` classes."""
    ranked = [f"{name}_{rank}" for rank in range(1, top + 1) for name in ("label", "probability")]
    return ["path", "label", "probability", *ranked, "error"]


def cells(prediction: Prediction, top: int) -> list[Cell]:
    """The values of the columns; None where there is none."""
    answer = prediction.answer
    if answer is None:
        return [prediction.path, None, None, *[None] * 2 * top, prediction.error]
    ranked = [value for pair in answer.top for value in pair]
    return [prediction.path, answer.label, answer.probability, *ranked, None]


class CsvWriter:
    """CSV in UTF-8 with a header; what is None is empty."""

    def __init__(self, file: IO[bytes], top: int) -> None:
        self._top, self._text = top, io.TextIOWrapper(file, "utf-8", newline="")
        self._rows = csv.writer(self._text, lineterminator="\n")
        self._rows.writerow(column_names(top))

    def write(self, predictions: Sequence[Prediction]) -> None:
        """Write a row for each."""
        for each in predictions:
            self._rows.writerow([_shortest(value) for value in cells(each, self._top)])

    def close(self) -> None:
        """Hand on what waits, and leave the file open."""
        self._text.detach()


class JsonWriter:
    """One JSON object a line, in UTF-8."""

    def __init__(self, file: IO[bytes], top: int) -> None:
        self._file, self._top, self._names = file, top, column_names(top)

    def write(self, predictions: Sequence[Prediction]) -> None:
        """Write a line for each."""
        for each in predictions:
            values = (_shortest(value) for value in cells(each, self._top))
            line = json.dumps(dict(zip(self._names, values, strict=True)), ensure_ascii=False)
            self._file.write(line.encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        """Everything is written."""


class ParquetWriter:
    """Parquet: text and float32, row groups of ROW_GROUP."""

    def __init__(self, file: IO[bytes], top: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        names = column_names(top)
        self._schema = pa.schema([(name, pa.float32() if "probability" in name else pa.string()) for name in names])
        self._top, self._held = top, list[Prediction]()
        self._parquet = pq.ParquetWriter(file, self._schema)

    def write(self, predictions: Sequence[Prediction]) -> None:
        """Hold them, and write whole row groups."""
        self._held += predictions
        if len(self._held) >= ROW_GROUP:
            self._flush()

    def close(self) -> None:
        """Write the last row group and the footer."""
        self._flush()
        self._parquet.close()

    def _flush(self) -> None:
        import pyarrow as pa

        rows = [cells(each, self._top) for each in self._held]
        columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in self._schema]
        self._parquet.write_table(
            pa.Table.from_arrays(list(map(pa.array, columns, self._schema.types)), schema=self._schema)
        )
        self._held = []


class LineWriter:
    """Aligned lines for people."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._width, self._answers = file, 0, 0

    def write(self, predictions: Sequence[Prediction]) -> None:
        """Write a line for each; the first batch decides the widths."""
        if not self._width:
            self._width = min(WIDEST, max(len(each.path) for each in predictions))
            self._answers = max(len(_answer(each)) for each in predictions)
        for each in predictions:
            line = f"{each.path:<{self._width}}  {_answer(each):<{self._answers}}  {_others(each)}"
            self._file.write(f"{line.rstrip()}\n")
        self._file.flush()

    def close(self) -> None:
        """Everything is written."""


FILE_WRITERS: Mapping[str, Callable[[IO[bytes], int], Writer]] = {
    ".csv": CsvWriter,
    ".jsonl": JsonWriter,
    ".parquet": ParquetWriter,
}


def check_output(path: Path) -> None:
    """See that a file can be named so.

    Raises:
        InputError: Its suffix is none of FILE_WRITERS, or it is a folder.
    """
    if os.path.isdir(path):
        raise InputError("--output names a folder", received=str(path), expected="a file to write")
    if path.suffix not in FILE_WRITERS:
        near = nearest(path.suffix, FILE_WRITERS)
        raise InputError(
            "--output has no known format",
            received=str(path),
            expected=f"a file that ends in {', '.join(FILE_WRITERS)}, or - for JSON lines on standard output",
            remedy=f"did you mean {near}?" if near else "",
        )


@contextmanager
def written_whole(path: Path, top: int) -> Iterator[Writer]:
    """A writer to a file, which is there only once it is whole: until then it has another name.

    Args:
        path: As of `check_output`; replaced where it is there.
        top: How many classes the answers name.
    """
    unfinished = path.with_name(f".{path.name}.{uuid4().hex[:8]}.unfinished")
    try:
        with unfinished.open("wb") as file:
            writer = FILE_WRITERS[path.suffix](file, top)
            try:
                yield writer
            finally:
                writer.close()
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _shortest(value: Cell) -> Cell:
    """A float32 by as many digits as tell it from all others."""
    return float(f"{value:.9g}") if isinstance(value, float) else value


def _answer(prediction: Prediction) -> str:
    answer = prediction.answer
    if answer is None:
        return "cannot be read"
    return "none of these" if answer.label is None else f"{answer.label} {answer.probability:.1%}"


def _others(prediction: Prediction) -> str:
    answer = prediction.answer
    if answer is None:
        return prediction.error
    others = answer.top if answer.label is None else answer.top[1:]
    return ", ".join(f"{name} {probability:.1%}" for name, probability in others)
