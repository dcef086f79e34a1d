import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recognition.data.parquet import list_parquet
from recognition.data.table import Columns
from recognition.errors import InputError
from tests.recognition.data.files import encoded, write_parquet

USUAL = Columns(None, None)


def test_bytes_and_labels(tmp_path):
    file = write_parquet(tmp_path / "x.parquet", range(40), list("ab") * 20)
    listing = list_parquet(file, USUAL)
    assert listing.labels == list("ab") * 20
    assert listing.paths[:2] == ["x.parquet#0", "x.parquet#1"]
    assert list(listing.contents()) == [encoded(seed) for seed in range(40)]
    assert listing.sides is None


def test_structs_keep_their_paths(tmp_path):
    listing = list_parquet(write_parquet(tmp_path / "x.parquet", range(3), list("aba"), struct=True), USUAL)
    assert listing.paths == ["0.png", "1.png", "2.png"]
    assert list(listing.contents()) == [encoded(seed) for seed in range(3)]


def test_missing_images_are_empty_bytes(tmp_path):
    table = pa.table(
        {"image": [{"bytes": b"x", "path": None}, None, {"bytes": None, "path": "far"}], "label": [1, 2, 3]}
    )
    pq.write_table(table, tmp_path / "x.parquet")
    listing = list_parquet(tmp_path / "x.parquet", USUAL)
    assert list(listing.contents()) == [b"x", b"", b""]
    assert listing.paths == ["x.parquet#0", "x.parquet#1", "far"]


def test_numbers_get_the_names_that_hugging_face_keeps(tmp_path):
    names = {"info": {"features": {"label": {"names": ["wolf", "dog", "fox"], "_type": "ClassLabel"}}}}
    table = pa.table({"image": [encoded(0), encoded(1)], "label": [1, 0]})
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(names)}), tmp_path / "x.parquet")
    listing = list_parquet(tmp_path / "x.parquet", USUAL)
    assert listing.labels == ["dog", "wolf"]
    assert listing.class_names == ("wolf", "dog")


def test_control_characters_never_reach_a_terminal(tmp_path):
    path = write_parquet(tmp_path / "x.parquet", range(2), ["\x1b[2J", "two\nlines"])
    assert list_parquet(path, USUAL).labels == [r"\x1b[2J", r"two\nlines"]
    named = {"info": {"features": {"label": {"names": ["\x1b[2J"]}}}}
    table = pa.table({"image": [encoded(0)], "label": [0]})
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(named)}), path)
    assert list_parquet(path, USUAL).labels == [r"\x1b[2J"]


def test_a_path_that_is_too_long(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        list_parquet(tmp_path / ("x" * 300), USUAL)


def test_numbers_without_a_name_are_refused(tmp_path):
    names = {"info": {"features": {"label": {"names": ["wolf", "dog"], "_type": "ClassLabel"}}}}
    table = pa.table({"image": [encoded(0), encoded(1), encoded(2)], "label": [1, 0, -1]})
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(names)}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match=r"labels without a name\n  received: -1\n  expected: 0 to 1"):
        list_parquet(tmp_path / "x.parquet", USUAL)


@pytest.mark.parametrize(
    "names", [("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001"), ("train/0", "train/1", "test/0")]
)
def test_files_called_after_sides(tmp_path, names):
    for number, name in enumerate(names):
        write_parquet(tmp_path / f"{name}.parquet", range(2 * number, 2 * number + 2), ["a", "b"])
    listing = list_parquet(tmp_path, USUAL)
    assert listing.sides == ["test"] * 2 + ["train"] * 4
    assert len(list(listing.contents())) == 6


def test_columns_split_group_and_weight(tmp_path):
    more = {"split": ["train", "test"], "group": ["x", None], "weight": [1.0, 0.5]}
    listing = list_parquet(write_parquet(tmp_path / "train.parquet", range(2), ["a", "b"], **more), USUAL)
    assert (listing.sides, listing.groups, listing.weights) == (["train", "test"], ["x", ""], [1.0, 0.5])


def test_other_columns_by_name_and_by_number(tmp_path):
    table = pa.table({"kind": pa.array(["a", "b"]).dictionary_encode(), "scan": [encoded(0), encoded(1)]})
    pq.write_table(table, tmp_path / "x.parquet")
    for columns in (Columns("scan", "kind"), Columns(1, 0)):
        listing = list_parquet(tmp_path / "x.parquet", columns)
        assert listing.labels == ["a", "b"]
        assert list(listing.contents()) == [encoded(0), encoded(1)]


def test_a_wrong_side(tmp_path):
    file = write_parquet(tmp_path / "x.parquet", range(2), ["a", "b"], split=["train", "tset"])
    with pytest.raises(InputError, match=r"wrong split[^$]*'tset' in column split[^$]*did you mean test\?"):
        list_parquet(file, USUAL)
