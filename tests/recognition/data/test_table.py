import pytest

from recognition.data.table import Columns, list_table
from recognition.errors import InputError
from tests.recognition.data.files import write_images, write_table

USUAL = Columns(None, None)


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / "images", 4)


def rows(labels, *more):
    lines = enumerate(zip(labels, *more, strict=True))
    return [",".join([f"images/{n:04}.png", *cells]) for n, cells in lines]


def test_path_and_label(tmp_path, images):
    listing = list_table(write_table(tmp_path / "t.csv", rows("abab")), USUAL)
    assert listing.labels == ["a", "b", "a", "b"]
    assert listing.paths == [f"images/{n:04}.png" for n in range(4)]
    assert (listing.sides, listing.groups, listing.weights) == (None, None, None)


def test_split_group_and_weight(tmp_path, images):
    cells = (["train", "Val", "TEST", "training"], ["x", "", "y", "y"], ["1", "0", "2.5", "1e-1"])
    table = write_table(tmp_path / "t.csv", rows("abab", *cells), "path,label,split,group,weight")
    listing = list_table(table, USUAL)
    assert listing.sides == ["train", "validation", "test", "train"]
    assert listing.groups == ["x", "", "y", "y"]
    assert listing.weights == [1, 0, 2.5, 0.1]


def test_a_byte_order_mark_quotes_and_any_order_of_columns(tmp_path, images):
    table = tmp_path / "t.csv"
    table.write_text('\ufeffother, label ,path\r\nx,"big, red ""one""",images/0000.png\r\n\r\ny,b,images/0001.png\r\n')
    assert list_table(table, USUAL).labels == ['big, red "one"', "b"]


def test_other_columns_by_name_and_by_number(tmp_path, images):
    table = write_table(tmp_path / "t.csv", rows("abab"), "file,kind")
    for columns in (Columns("file", "kind"), Columns(0, 1)):
        assert list_table(table, columns).labels == ["a", "b", "a", "b"]


def test_metadata_of_hugging_face(tmp_path):
    for side, label in (("train", "a"), ("test", "b")):
        write_images(tmp_path / side, 1)
        write_table(tmp_path / side / "metadata.csv", [f"0000.png,{label}"], "file_name,label")
    listing = list_table(tmp_path, USUAL)
    assert listing.paths == ["test/0000.png", "train/0000.png"]
    assert listing.sides == ["test", "train"]
    assert list_table(tmp_path / "train", USUAL).sides is None


def test_an_error_names_file_and_line(tmp_path, images):
    table = write_table(tmp_path / "t.csv", ["images/0000.png,a", "images/0001.png,"])
    with pytest.raises(InputError, match=rf"{table}:3 has an empty label"):
        list_table(table, USUAL)


def test_control_characters_never_reach_a_terminal(tmp_path, images):
    table = write_table(tmp_path / "t.csv", rows(["\x1b[2J", "b"]))
    assert list_table(table, USUAL).labels == [r"\x1b[2J", "b"]
    with pytest.raises(InputError, match=r"the columns \\x1b\[2J, label"):
        list_table(write_table(tmp_path / "t.csv", [], "\x1b[2J,label"), USUAL)


def test_a_path_that_is_too_long(tmp_path):
    with pytest.raises(InputError, match="too long"):
        list_table(tmp_path / ("x" * 300), USUAL)


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "images/../../secret.png", "."])
def test_images_outside_the_folder(tmp_path, images, path):
    with pytest.raises(InputError, match="outside the table's folder"):
        list_table(write_table(tmp_path / "t.csv", [f"{path},a"]), USUAL)
