import csv
import io
import json
import math
from contextlib import suppress

import pandas as pd
import pyarrow.parquet as pq
import pytest

from recognition.errors import InputError
from recognition.prediction.answers import Answer
from recognition.prediction.predict_stream import Prediction
from recognition.prediction.writers import ROW_GROUP, LineWriter, check_output, column_names, written_whole

THIRD = float(1 / 3)
SURE = Prediction('a, "b".png', Answer("ape", (("ape", 0.75), ("bee", THIRD / 2))))
TORN = Prediction("ü.png", Answer(None, (("bee", 0.5), ("ape", 0.25))))
LOST = Prediction("c.png", None, "the file is empty")
COLUMNS = ["path", "label", "probability", "label_1", "probability_1", "label_2", "probability_2", "error"]


def read(path):
    """Rows of a written file as dictionaries, what is empty as None."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return pq.read_table(path).to_pylist()


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_every_format_says_the_same(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    with written_whole(path, 2) as writer:
        writer.write([SURE, TORN])
        writer.write([LOST])
    sure, torn, lost = read(path)
    assert list(sure) == COLUMNS == column_names(2)
    assert (sure["path"], sure["label"], sure["label_2"], sure["error"]) == (SURE.path, "ape", "bee", None)
    assert float(sure["probability"]) == 0.75
    assert math.isclose(float(sure["probability_2"]), THIRD / 2, rel_tol=1e-7)
    assert (torn["path"], torn["label"], torn["label_1"]) == ("ü.png", None, "bee")
    assert float(torn["probability"]) == 0.5
    assert [value for value in lost.values() if value is not None] == ["c.png", "the file is empty"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_no_prediction_at_all_is_a_valid_file(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    with written_whole(path, 2):
        pass
    assert read(path) == []


def test_parquet_has_row_groups_and_float32(tmp_path):
    with written_whole(tmp_path / "out.parquet", 2) as writer:
        for _ in range(30):
            writer.write([SURE] * (ROW_GROUP // 20))
    metadata = pq.ParquetFile(tmp_path / "out.parquet").metadata
    assert (metadata.num_rows, metadata.num_row_groups) == (ROW_GROUP * 3 // 2, 2)
    assert pd.read_parquet(tmp_path / "out.parquet")["probability"].dtype == "float32"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_what_is_interrupted_leaves_what_was_there(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    path.write_text("before")
    with suppress(KeyboardInterrupt), written_whole(path, 2) as writer:
        writer.write([SURE])
        raise KeyboardInterrupt
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_lines_for_people():
    text = io.StringIO()
    writer = LineWriter(text)
    writer.write([SURE, TORN, LOST])
    writer.close()
    assert text.getvalue().splitlines() == [
        'a, "b".png  ape 75.0%       bee 16.7%',
        "ü.png       none of these   bee 50.0%, ape 25.0%",
        "c.png       cannot be read  the file is empty",
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("out.cvs", ["--output has no known format", "did you mean .csv?"]),
        ("out", [".csv, .jsonl, .parquet", "- for JSON lines"]),
        ("", ["--output names a folder"]),
    ],
)
def test_a_name_without_a_format_is_refused(tmp_path, name, told):
    with pytest.raises(InputError) as raised:
        check_output(tmp_path / name)
    assert [text for text in told if text not in str(raised.value)] == []
