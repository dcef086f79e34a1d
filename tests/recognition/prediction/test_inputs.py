import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recognition.errors import InputError
from recognition.prediction.inputs import all_images, find_sources, total
from tests.recognition.data.files import encoded, write_images, write_parquet, write_table


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder `photos` in the current one: three images, one of them in a folder of it, and a text."""
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "photos", 2)
    write_images(tmp_path / "photos" / "more", 1, 2)
    (tmp_path / "photos" / "notes.txt").write_text("no image")
    return tmp_path / "photos"


def found(*words, lines=(), cache=Path("cache")):
    """Names of the images that words mean, and how many they were said to be."""
    sources = find_sources(words, lines, cache)
    names = [image.name for image in all_images(sources)]
    assert total(sources) in (None, len(names))
    return names


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["photos/0001.png"], ["photos/0001.png"]),
        (["photos"], ["photos/0000.png", "photos/0001.png", "photos/more/0002.png"]),
        (["photos/"], ["photos/0000.png", "photos/0001.png", "photos/more/0002.png"]),
        (["photos/*.png"], ["photos/0000.png", "photos/0001.png"]),
        (["photos/**/*2.png"], ["photos/more/0002.png"]),
        (["photos/mor?"], ["photos/more/0002.png"]),
        (["photos/more", "photos/0000.png"], ["photos/more/0002.png", "photos/0000.png"]),
        (["photos/notes.txt"], ["photos/notes.txt"]),
    ],
)
def test_files_folders_and_patterns(photos, words, names):
    assert found(*words) == names


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(photos):
    (photos / "a[1].png").write_bytes(encoded(7))
    assert found("photos/a[1].png") == ["photos/a[1].png"]


def test_suffixes_in_any_case_and_no_hidden_files(photos):
    (photos / "UPPER.JPEG").touch()
    (photos / ".hidden.png").touch()
    (photos / ".cache").mkdir()
    (photos / ".cache" / "a.png").touch()
    assert found("photos") == [
        "photos/0000.png",
        "photos/0001.png",
        "photos/UPPER.JPEG",
        "photos/more/0002.png",
    ]


def test_names_are_fit_to_be_printed(photos):
    shutil.rmtree(photos)
    photos.mkdir()
    (photos / "two\nlines.png").touch()
    Path(os.fsdecode(bytes(photos) + b"/\xff.png")).touch()
    assert found("photos") == [r"photos/two\nlines.png", r"photos/\xff.png"]


def test_a_loop_of_links_ends(photos):
    (photos / "more" / "again").symlink_to("..", target_is_directory=True)
    (*_, last) = all_images(find_sources(["photos"], (), Path()))
    assert (last.name, last.problem) == ("photos/more/again", "a symbolic link to a folder above it")


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not stop root")
def test_a_folder_without_rights_is_told(photos):
    (photos / "more").chmod(0)
    (*_, last) = all_images(find_sources(["photos"], (), Path()))
    assert (last.name, last.problem) == ("photos/more", "Permission denied")


def test_a_list_of_paths(photos):
    lines = ["photos/0001.png\n", "\n", "nowhere.png\r\n"]
    assert found("-", lines=lines) == ["photos/0001.png", "nowhere.png"]


def test_a_table_of_paths_counts_from_its_folder(photos):
    write_table(photos / "table.csv", ["0001.png,x", "more/0002.png,y", ",z"])
    assert found("photos/table.csv") == ["photos/0001.png", "photos/more/0002.png", "photos/table.csv:4"]
    (*_, last) = all_images(find_sources(["photos/table.csv"], (), Path()))
    assert last.problem == "a row that names no image"


@pytest.mark.parametrize("struct", [False, True])
def test_parquet(photos, struct):
    write_parquet(photos / "a.parquet", [5, 6], ["x", "y"], struct=struct)
    names = ["5.png", "6.png"] if struct else ["photos/a.parquet#0", "photos/a.parquet#1"]
    assert found("photos/a.parquet") == names
    images = list(all_images(find_sources(["photos/a.parquet"], (), Path())))
    assert [image.content for image in images] == [encoded(5), encoded(6)]


def test_parquet_with_an_image_column_of_another_name_and_without_labels(photos):
    pq.write_table(pa.table({"picture": [encoded(1), None], "id": [1, 2]}), photos / "a.parquet")
    (image, missing) = all_images(find_sources(["photos/a.parquet"], (), Path()))
    assert (image.content, missing.content) == (encoded(1), b"")


def test_of_several_image_columns_the_usual_name_counts(photos):
    pq.write_table(pa.table({"thumb": [b"t"], "img": [b"i"]}), photos / "a.parquet")
    (image,) = all_images(find_sources(["photos/a.parquet"], (), Path()))
    assert image.content == b"i"


def test_an_address_is_fetched_and_keeps_its_name(s3, tmp_path):
    s3.put_object(Bucket="photos", Key="cats/a.png", Body=encoded(1))
    (image,) = all_images(find_sources(["s3://photos/cats"], (), tmp_path))
    assert image.name == "s3://photos/cats/a.png"
    assert image.content.read_bytes() == encoded(1)


def two_image_columns(photos):
    pq.write_table(pa.table({"a": [b"1"], "b": [b"2"]}), photos / "bad.parquet")


def no_image_column(photos):
    pq.write_table(pa.table({"a": [1]}), photos / "bad.parquet")


def no_row(photos):
    pq.write_table(pa.table({"image": pa.array([], pa.binary())}), photos / "bad.parquet")


def no_parquet(photos):
    (photos / "bad.parquet").write_bytes(b"PAR1")


def table_without_paths(photos):
    write_table(photos / "bad.csv", ["1,2"], "x,y")


def table_without_rows(photos):
    write_table(photos / "bad.csv", [])


def table_in_latin_1(photos):
    (photos / "bad.csv").write_bytes("path\n\u00e4.png\n".encode("latin-1"))


def no_images(photos):
    shutil.rmtree(photos)
    (photos / "empty").mkdir(parents=True)


def only_parquet(photos):
    no_images(photos)
    (photos / "a.parquet").touch()


@pytest.mark.parametrize(
    ("spoil", "word", "told"),
    [
        (None, "photo", ["there is no such path", "received: photo", "did you mean photos?"]),
        (None, "photos/0003.png", ["did you mean photos/000"]),
        (None, "", ["there is no such path"]),
        (None, "*.gif", ["a pattern matches nothing", "received: *.gif"]),
        (no_images, "photos", ["a folder holds no image", "received: photos", ".png, .jpg"]),
        (only_parquet, "photos", ["a folder holds no image", "name the parquet files: photos/*.parquet"]),
        (two_image_columns, "photos/bad.parquet", ["several columns of images", "a, b", "one called image"]),
        (no_image_column, "photos/bad.parquet", ["no column of images", "the columns a"]),
        (no_row, "photos/bad.parquet", ["holds no image", "no row"]),
        (no_parquet, "photos/bad.parquet", ["bad.parquet cannot be read"]),
        (table_without_paths, "photos/bad.csv", ["no column of paths", "x, y", "path or file_name"]),
        (table_without_rows, "photos/bad.csv", ["a table names no image"]),
        (table_in_latin_1, "photos/bad.csv", ["a table of paths cannot be read", "expected: CSV in UTF-8"]),
        (None, "-", ["the list on standard input is empty"]),
    ],
)
def test_what_names_no_image_is_told_before_anything_is_read(photos, spoil, word, told):
    if spoil:
        spoil(photos)
    with pytest.raises(InputError) as raised:
        find_sources([word], (), Path())
    assert [text for text in told if text not in str(raised.value)] == []


def test_standard_input_is_read_once():
    with pytest.raises(InputError, match="standard input can be read once"):
        find_sources(["-", "-"], ["a"], Path())
