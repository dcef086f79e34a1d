import os

import pytest

from recognition.data.folder import list_folder
from recognition.errors import InputError
from tests.recognition.data.files import write_classes, write_images


def test_classes_are_folders(tmp_path):
    listing = list_folder(write_classes(tmp_path, {"cat": 2, "dog": 3}))
    assert listing.labels == ["cat"] * 2 + ["dog"] * 3
    assert listing.paths == ["cat/0000.png", "cat/0001.png", "dog/0002.png", "dog/0003.png", "dog/0004.png"]
    assert [path.relative_to(tmp_path).as_posix() for path in listing.contents()] == listing.paths
    assert listing.sides is None
    assert listing.notes == ()


def test_any_depth_letter_case_suffix_and_language(tmp_path):
    names = ["Grüne Äpfel", "りんご", "red apples 🍎", "ÄPFEL"]
    for number, name in enumerate(names):
        write_images(tmp_path / name / "deep" / "er.v2", 1, number, suffix=".JPeG")
        write_images(tmp_path / name, 1, 10 + number, suffix=".TIF")
    listing = list_folder(tmp_path)
    assert set(listing.labels) == set(names)
    assert len(listing.paths) == 8


@pytest.mark.parametrize("names", [("train", "validation", "test"), ("Train", "VAL", "Testing"), ("training", "test")])
def test_given_sides(tmp_path, names):
    for number, name in enumerate(names):
        write_classes(tmp_path / name, {"cat": 1, "dog": 1}, 2 * number)
    listing = list_folder(tmp_path)
    expected = ["train", "validation", "test"] if len(names) == 3 else ["train", "test"]
    assert sorted(set(listing.sides)) == sorted(expected)
    assert set(listing.labels) == {"cat", "dog"}


def test_a_class_may_be_called_train(tmp_path):
    listing = list_folder(write_classes(tmp_path, {"train": 1, "bus": 1}))
    assert (listing.labels, listing.sides) == (["bus", "train"], None)


def test_files_that_are_no_images_and_hidden_ones_are_left_out(tmp_path):
    write_classes(tmp_path, {"cat": 1, "dog": 1})
    for name in ("cat/notes.txt", "cat/.hidden.png", "cat/Thumbs.db", ".DS_Store", "licence.txt", "__MACOSX/cat/x.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    listing = list_folder(tmp_path)
    assert len(listing.paths) == 2
    assert listing.notes == ("left out, as not in a class folder: 1 file",)


def test_links_are_followed(tmp_path):
    store = write_images(tmp_path / "store", 2)
    (tmp_path / "root" / "cat").mkdir(parents=True)
    (tmp_path / "root" / "cat" / "a.png").symlink_to(store / "0000.png")
    (tmp_path / "root" / "dog").symlink_to(store, target_is_directory=True)
    assert list_folder(tmp_path / "root").labels == ["cat", "dog", "dog"]


def test_names_that_are_no_unicode_can_be_printed(tmp_path):
    write_images(tmp_path / "cat", 1)
    name = os.fsdecode(b"d\xf6g")
    write_images(tmp_path / name, 1, 5)
    listing = list_folder(tmp_path)
    assert listing.labels == ["cat", r"d\xf6g"]
    assert listing.paths[1].encode()
    assert all(path.is_file() for path in listing.contents())


def test_control_characters_in_names_never_reach_a_terminal(tmp_path):
    for number, name in enumerate(["cat", "\x1b[2J\n"]):
        write_images(tmp_path / name, 1, number)
    listing = list_folder(tmp_path)
    assert listing.labels == [r"\x1b[2J\n", "cat"]
    assert listing.paths[0] == r"\x1b[2J\n/0001.png"
    (tmp_path / "two\nlines").mkdir()
    with pytest.raises(InputError, match=r"received: two\\nlines"):
        list_folder(tmp_path)


def test_a_path_that_is_too_long(tmp_path):
    with pytest.raises(InputError, match="names no folder"):
        list_folder(tmp_path / ("x" * 300))


def test_a_loop_of_links(tmp_path):
    write_classes(tmp_path, {"cat": 1, "dog": 1})
    (tmp_path / "cat" / "again").symlink_to(tmp_path / "cat", target_is_directory=True)
    with pytest.raises(InputError, match="is a symbolic link to a folder above it"):
        list_folder(tmp_path)


def test_an_empty_class(tmp_path):
    write_classes(tmp_path, {"cat": 1, "dog": 0})
    with pytest.raises(InputError, match=r"has a class without an image[^$]*received: dog"):
        list_folder(tmp_path)


def test_classes_that_differ_between_sides(tmp_path):
    write_classes(tmp_path / "train", {"cat": 1, "dog": 1})
    write_classes(tmp_path / "test", {"cat": 1, "cow": 1}, 5)
    with pytest.raises(InputError, match="only in train: dog; only in test: cow"):
        list_folder(tmp_path)
