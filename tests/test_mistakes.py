"""Every mistake that we know users make, and what the command answers: this table is its documentation.

Each row makes a valid set of images, spoils it, and names words of the answer. The answer has at most ten lines, exit
status 2 and no traceback, says what was received and expected and how to mend it, and leaves no file behind.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import run_pipeline
from tests.recognition.data.files import encoded, write_classes, write_images, write_parquet, write_table
from tests.recognition.data.test_image_transform import bomb

LONGEST = 10  # lines
AS_ROOT = os.geteuid() == 0
FOLDER, CSV, PARQUET = "data.source=folder", "data.source=csv", "data.source=parquet"
TABLE, FILE = "data.path=photos/table.csv", "data.path=photos/images.parquet"


@dataclass(frozen=True)
class Photos:
    """The images of a row: 60 of cats and 60 of dogs in folders, with a table and a parquet file of them."""

    root: Path

    @property
    def table(self):
        return self.root / "table.csv"

    @property
    def parquet(self):
        return self.root / "images.parquet"

    def of(self, name):
        return sorted((self.root / name).iterdir())

    def rows(self, *more):
        lines = [f"{label}/{path.name},{label}" for label in ("cat", "dog") for path in self.of(label)]
        return [",".join([line, *more]) for line in lines]

    def only(self, *names):
        """Leave only these folders."""
        for path in self.root.iterdir():
            if path.name not in names:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def spoil(self, content, name="cat"):
        """Replace every image of a class."""
        for path in self.of(name):
            path.write_bytes(content)


@pytest.fixture(scope="session")
def good_photos(tmp_path_factory):
    root = write_classes(tmp_path_factory.mktemp("photos"), {"cat": 60, "dog": 60})
    photos = Photos(root)
    write_table(photos.table, photos.rows())
    write_parquet(photos.parquet, range(120), ["cat"] * 60 + ["dog"] * 60)
    return photos


@pytest.fixture
def refused(good_photos, tmp_path, monkeypatch, capsys):
    """A function: spoil, settings -> what the command says, once it was seen to be a proper refusal."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("RECOGNITION_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(run_pipeline, "prepare_environment", lambda debug: None)
    monkeypatch.setattr("operations.runs.job.TrainingJob.describe", not_refused)

    def run(spoil, settings):
        shutil.copytree(good_photos.root, "photos", copy_function=os.link)
        if spoil:
            for path in Path("photos").rglob("*"):
                if path.is_file():  # a copy of its own, as links share their content
                    content = path.read_bytes()
                    path.unlink()
                    path.write_bytes(content)
            spoil(Photos(Path("photos")))
        before = sorted(map(str, Path().rglob("*")))
        status = run_pipeline.main(
            ["--config=folder.yaml", "--set=data.path=photos", *(f"--set={s}" for s in settings)]
        )
        told = capsys.readouterr()
        assert (status, told.out) == (2, ""), told
        assert told.err.startswith("error: ")
        assert "Traceback" not in told.err
        assert len(told.err.splitlines()) <= LONGEST
        assert [path for path in (tmp_path / "state").rglob("*") if path.is_file() and path.suffix != ".lock"] == []
        assert sorted(map(str, Path().rglob("*"))) == before
        return told.err

    return run


def not_refused(job, stack):
    pytest.fail("this was not refused", pytrace=False)


# What is done to the images. -----------------------------------------------------------------------------------------


def no_class_folder(photos):
    photos.only("cat")
    for path in photos.of("cat"):
        path.rename(photos.root / path.name)
    (photos.root / "cat").rmdir()


def nothing_at_all(photos):
    photos.only()


def one_class(photos):
    photos.only("cat")


def empty_class(photos):
    (photos.root / "cow").mkdir()


def class_of_text_files(photos):
    (photos.root / "cow").mkdir()
    (photos.root / "cow" / "a.txt").write_text("moo")


def class_with_one_image_in_test(photos):
    write_images(photos.root / "cow", 1, 106)  # whose content belongs to test


def given_sides(photos, train=("cat", "dog"), **others):
    photos.only()
    for number, (side, names) in enumerate({"train": train, **others}.items()):
        write_classes(photos.root / side, dict.fromkeys(names, 30), 1_000 * number)


def other_class_in_test(photos):
    given_sides(photos, test=("cat", "cow"))


def class_missing_in_test(photos):
    given_sides(photos, test=("cat",))


def class_missing_in_validation(photos):
    given_sides(photos, validation=("dog",), test=("cat", "dog"))


def no_train_folder(photos):
    given_sides(photos, train=("cat", "dog"))
    (photos.root / "train").rename(photos.root / "test")


def sides_and_classes_mixed(photos):
    given_sides(photos, test=("cat", "dog"))
    write_images(photos.root / "cow", 3)


def side_twice(photos):
    given_sides(photos, val=("cat", "dog"), validation=("cat", "dog"))


def side_without_classes(photos):
    given_sides(photos, test=("cat", "dog"))
    shutil.rmtree(photos.root / "test")
    write_images(photos.root / "test", 3)


def same_image_on_two_sides(photos):
    given_sides(photos, test=("cat", "dog"))
    shutil.copy(photos.of("train/cat")[0], photos.root / "test" / "cat" / "copy.png")


def names_that_differ_in_case(photos):
    write_images(photos.root / "Cat", 3, 500)


def names_that_differ_in_case_between_sides(photos):
    given_sides(photos, test=("Cat", "dog"))


def names_that_differ_in_accents(photos):
    write_images(photos.root / "caf\u00e9", 3, 500)
    write_images(photos.root / "cafe\u0301", 3, 600)


def all_unreadable(photos):
    photos.spoil(b"no image", "cat")
    photos.spoil(b"no image", "dog")


def text_called_png(photos):
    photos.of("cat")[0].write_text("I am a text")
    photos.of("cat")[1].write_text("so am I")


def truncated(photos):
    for path in photos.of("cat")[:2]:
        path.write_bytes(encoded(0, "JPEG", (90, 90))[:700])


def zero_bytes(photos):
    for path in photos.of("cat")[:2]:
        path.write_bytes(b"")


def bombs(photos):
    for path in photos.of("cat")[:2]:
        path.write_bytes(bomb())


def of_another_kind(photos):
    for path in photos.of("cat")[:2]:
        path.write_bytes(b"%PDF-1.7\n")


def floating_point(photos):
    for path in photos.of("cat")[:2]:
        Image.fromarray(np.zeros((2, 2), np.float32)).save(path, "TIFF")


def pipes(photos):
    for path in photos.of("cat")[:2]:
        path.unlink()
        os.mkfifo(path)


def broken_links(photos):
    for path in photos.of("cat")[:2]:
        path.unlink()
        path.symlink_to("nowhere.png")


def links_to_themselves(photos):
    for path in photos.of("cat")[:2]:
        path.unlink()
        path.symlink_to(path.name)


def one_unreadable(photos):
    photos.of("cat")[0].write_bytes(b"x")


def class_unreadable(photos):
    (photos.root / "cow").mkdir()
    (photos.root / "cow" / "a.png").write_bytes(b"x")


def loop(photos):
    (photos.root / "cat" / "again").symlink_to("..", target_is_directory=True)


def root_loop(photos):
    (photos.root / "self").symlink_to(".", target_is_directory=True)


def locked_folder(photos):
    (photos.root / "cat").chmod(0)


def locked_files(photos):
    for path in photos.of("cat")[:2]:
        path.chmod(0)


def table_of(header, *rows, encoding="utf-8"):
    def spoil(photos):
        lines = rows or photos.rows()
        photos.table.write_bytes(("\n".join([header, *lines]) + "\n").encode(encoding))

    return spoil


def row(text):
    """One more row at the table's end, in line 122."""

    def spoil(photos):
        photos.table.write_text(photos.table.read_text() + text + "\n")

    return spoil


def column(name, *values):
    """One more column; the last value is that of all further rows."""

    def spoil(photos):
        rows = photos.rows()
        cells = [*values, *[values[-1]] * len(rows)]
        write_table(
            photos.table,
            [f"{line},{cell}" for line, cell in zip(rows, cells[: len(rows)], strict=True)],
            f"path,label,{name}",
        )

    return spoil


def image_on_two_sides(photos):
    rows = [*photos.rows("train"), "cat/0000.png,cat,test", "dog/0060.png,dog,validation"]
    write_table(photos.table, rows, "path,label,split")


def table_bytes(content):
    return lambda photos: photos.table.write_bytes(content)


def table_is_a_folder(photos):
    photos.table.unlink()
    photos.table.mkdir()


def table_is_gone(photos):
    photos.table.unlink()


def parquet_of(**columns):
    """Other columns; numbers stand for images."""

    def spoil(photos):
        images = [encoded(seed) for seed in range(60)]
        given = {name: images if value == "images" else value for name, value in columns.items()}
        pq.write_table(pa.table(given), photos.parquet)

    return spoil


def parquet_bytes(change):
    return lambda photos: photos.parquet.write_bytes(change(photos.parquet.read_bytes()))


def parquet_damaged_inside(content):
    return content[:200] + bytes(len(content) // 2) + content[200 + len(content) // 2 :]


def parquet_folder(**names):
    def spoil(photos):
        photos.parquet.unlink()
        for number, (name, columns) in enumerate(names.items()):
            write_parquet(
                photos.parquet / f"{name}.parquet", range(40 * number, 40 * number + 40), ["a", "b"] * 20, **columns
            )

    return spoil


HALF = ["a", "b"] * 30
CLASSES = [
    ("no class folder", no_class_folder, [], ["holds no class folder", "60 files in it and no folder", "root/class/"]),
    ("an empty folder", nothing_at_all, [], ["holds no class folder", "0 files in it"]),
    ("one class", one_class, [], ["nothing to tell apart", "60 images, all of class 'cat'", "at least two classes"]),
    ("an empty class", empty_class, [], ["has a class without an image", "received: cow", ".png, .jpg"]),
    ("a class of text files", class_of_text_files, [], ["has a class without an image", "received: cow"]),
    ("a class with one image, held out", class_with_one_image_in_test, [], ["a class has no training image", "cow"]),
    ("another class in test", other_class_in_test, [], ["train and test have different classes", "only in test: cow"]),
    ("a class missing in test", class_missing_in_test, [], ["different classes", "only in train: dog"]),
    ("a class missing in validation", class_missing_in_validation, [], ["train and validation have different classes"]),
    ("no train folder", no_train_folder, [], ["has no train folder", "received: test"]),
    ("sides and classes mixed", sides_and_classes_mixed, [], ["mixes sides with other folders", "cow, test, train"]),
    ("a side under two names", side_twice, [], ["mixes sides with other folders", "val, validation"]),
    ("a side without classes", side_without_classes, [], ["holds no class folder", "3 files in it"]),
    ("the same image on two sides", same_image_on_two_sides, [], ["same image stands on two sides", "duplicates=drop"]),
    ("names that differ in case", names_that_differ_in_case, [], ["almost the same name", "'Cat' and 'cat'"]),
    ("the same between sides", names_that_differ_in_case_between_sides, [], ["different classes", "only in test: Cat"]),
    ("names that differ in accents", names_that_differ_in_accents, [], ["almost the same name", "accents are coded"]),
    ("a folder that is a file", None, ["data.path=photos/table.csv"], ["names no folder", "a file", "csv and parquet"]),
    ("a folder that is not there", None, ["data.path=foto"], ["names no folder", "which does not exist"]),
    ("no path", None, ["data.path=null"], ["data.source: folder needs data.path", "--set data.path=photos"]),
    ("an empty path", None, ["data.path=''"], ["data.path", "a path"]),
    ("a loop of links", loop, [], ["is a symbolic link to a folder above it", "expected: no loops"]),
    ("a link to the root itself", root_loop, [], ["is a symbolic link to a folder above it"]),
]
FILES = [
    ("all unreadable", all_unreadable, ["data.max_unreadable=0.5"], ["120 of 120 images cannot be read"]),
    (
        "a text file named .png",
        text_called_png,
        [],
        ["2 of 120", "cat/0000.png (not an image of a known kind", "1.00%"],
    ),
    ("a truncated JPEG", truncated, [], ["2 of 120 images cannot be read", "damaged or cut short"]),
    ("a file of no bytes", zero_bytes, [], ["2 of 120 images cannot be read", "cat/0000.png (the file is empty)"]),
    ("a decompression bomb", bombs, [], ["2 of 120 images cannot be read", "pixels"]),
    (
        "another kind of file",
        of_another_kind,
        [],
        ["2 of 120 images cannot be read", "PNG, JPEG, WEBP, BMP, GIF, TIFF"],
    ),
    ("floating-point pixels", floating_point, [], ["floating-point pixels, which have no known range"]),
    ("pipes", pipes, [], ["2 of 120 images cannot be read", "not a regular file"]),
    ("broken links", broken_links, [], ["2 of 120 images cannot be read", "No such file or directory"]),
    ("links to themselves", links_to_themselves, [], ["2 of 120 images cannot be read", "symbolic links"]),
    ("one file, none allowed", one_unreadable, ["data.max_unreadable=0"], ["1 of 120", "at most 0.00%"]),
    ("a class whose only image is unreadable", class_unreadable, [], ["a class has no training image", "cow"]),
]
SPLITS = [
    ("a group pattern that is none", None, ["data.group=(cat"], ["--set data.group=(cat", "not a regular expression"]),
    ("one that matches nothing", None, [r"data.group=patient\d+"], ["data.group matches no path", "cat/0000.png"]),
    ("all images in one group", None, ["data.group=png"], ["no image is left for", "expected: images on every side"]),
    ("a class a group", None, ["data.group=^[a-z]+", "data.seed=1"], ["no image is left for"]),
    ("no image left to train on", None, ["data.test=0.99", "data.group=^..."], ["no image is left for"]),
    ("groups twice", column("group", "a", "b"), [CSV, TABLE, "data.group=cat"], ["grouped twice", "a column group"]),
    (
        "a batch larger than train",
        None,
        ["train.batch_size=500"],
        ["train.batch_size is larger than the training split"],
    ),
]
TABLES = [
    ("a table that is not there", table_is_gone, [CSV, TABLE], ["table.csv is missing", "no such file"]),
    ("a table that is a folder", table_is_a_folder, [CSV, TABLE], ["is a folder without a table", "no metadata.csv"]),
    ("a folder without metadata.csv", None, [CSV], ["is a folder without a table", "metadata.csv in it"]),
    ("an empty table", table_bytes(b""), [CSV, TABLE], ["table.csv is empty", "0 bytes"]),
    ("a table of blank lines", table_bytes(b"\n\n  \n"), [CSV, TABLE], ["table.csv is empty"]),
    ("a header and no row", table_bytes(b"path,label\n"), [CSV, TABLE], ["lists no image", "no row below it"]),
    ("no column path", table_of("file,label"), [CSV, TABLE], ["has no column path", "the columns file, label"]),
    (
        "no column label",
        table_of("path,lable"),
        [CSV, TABLE],
        ["has no column label", "rename lable, or set data.label"],
    ),
    ("no header", table_of("cat/0000.png,cat"), [CSV, TABLE], ["has no column path", "cat/0000.png, cat"]),
    ("semicolons", table_of("path;label", "cat/0000.png;cat"), [CSV, TABLE], ["by commas, not by ';'"]),
    ("tabs", table_of("path\tlabel", "cat/0000.png\tcat"), [CSV, TABLE], [r"by commas, not by '\t'"]),
    ("a column twice", table_of("path,label,label", "a,b,c"), [CSV, TABLE], ["has a column twice", "received: label"]),
    ("a column of no such name", None, [CSV, TABLE, "data.label_column=kind"], ["has no column kind", "path, label"]),
    ("a column of no such number", None, [CSV, TABLE, "data.label_column=7"], ["has no column 7", "path, label"]),
    ("a missing file", row("cat/none.png,cat"), [CSV, TABLE], ["table.csv:122 names an image that is not there"]),
    ("a folder for an image", row("cat,cat"), [CSV, TABLE], ["table.csv:122 names an image that is not there"]),
    ("a path above the table", row("../x.png,cat"), [CSV, TABLE], ["outside the table's folder", "../x.png"]),
    ("an absolute path", row("/etc/passwd,cat"), [CSV, TABLE], ["outside the table's folder", "/etc/passwd"]),
    ("an empty path", row(",cat"), [CSV, TABLE], ["table.csv:122 names no image"]),
    ("an empty label", row("cat/0000.png,"), [CSV, TABLE], ["table.csv:122 has an empty label"]),
    ("too few cells", row("cat/0000.png"), [CSV, TABLE], ["table.csv:122 has too many or too few cells", "2, as in"]),
    ("too many cells", row("cat/0000.png,cat,x"), [CSV, TABLE], ["table.csv:122 has too many or too few cells"]),
    ("an open quote", row('"cat/0000.png,cat'), [CSV, TABLE], ["is not CSV", "cells as CSV quotes them"]),
    ("UTF-16", table_of("path,label", encoding="utf-16"), [CSV, TABLE], ["not UTF-8", "byte-order mark of UTF-16"]),
    ("Latin-1", table_of("path,label", "k\xe4se,x", encoding="latin-1"), [CSV, TABLE], ["not UTF-8", "byte 0xe4"]),
    ("a binary file", table_bytes(bytes(range(256))), [CSV, TABLE], ["is not UTF-8 text"]),
    ("an unknown split", column("split", "trian", "test"), [CSV, TABLE], ["'trian'", "did you mean train?"]),
    ("an empty split", column("split", "train", ""), [CSV, TABLE], ["table.csv:3 is of no known split", "''"]),
    ("no train split", column("split", "test"), [CSV, TABLE], ["no image is left for train"]),
    ("a weight that is a word", column("weight", "heavy"), [CSV, TABLE], ["table.csv:2 has no proper weight", "heavy"]),
    ("a weight below 0", column("weight", "1", "-1"), [CSV, TABLE], ["table.csv:3 has no proper weight", "'-1'"]),
    ("an infinite weight", column("weight", "inf"), [CSV, TABLE], ["has no proper weight", "'inf'"]),
    ("no weight above 0", column("weight", "0"), [CSV, TABLE], ["every weight is 0"]),
    ("one class", table_of("path,label", "cat/0000.png,cat"), [CSV, TABLE], ["nothing to tell apart", "1 images"]),
    ("an image on two sides", image_on_two_sides, [CSV, TABLE], ["2 images of train", "cat/0000.png (test)"]),
]
PARQUETS = [
    ("a file that is not there", None, [PARQUET, "data.path=photos/x.parquet"], ["is missing", "no such file"]),
    ("a folder without one", None, [PARQUET, "data.path=photos/cat"], ["holds no parquet file"]),
    ("a truncated file", parquet_bytes(lambda content: content[:-100]), [PARQUET, FILE], ["cannot be read", "whole"]),
    ("half a file", parquet_bytes(lambda content: content[: len(content) // 2]), [PARQUET, FILE], ["cannot be read"]),
    ("a file damaged inside", parquet_bytes(parquet_damaged_inside), [PARQUET, FILE], ["cannot be read"]),
    ("an empty file", parquet_bytes(lambda content: b""), [PARQUET, FILE], ["is empty", "0 bytes"]),
    ("a text file", parquet_bytes(lambda content: b"I am a text\n" * 9), [PARQUET, FILE], ["cannot be read"]),
    (
        "no rows",
        parquet_of(image=pa.array([], pa.binary()), label=pa.array([], pa.string())),
        [PARQUET, FILE],
        ["no im"],
    ),
    (
        "no column image",
        parquet_of(img="images", label=HALF),
        [PARQUET, FILE],
        ["has no column image", "data.image_col"],
    ),
    ("no column label", parquet_of(image="images", y=HALF), [PARQUET, FILE], ["has no column label", "image, y"]),
    ("images that are numbers", parquet_of(image=[1] * 60, label=HALF), [PARQUET, FILE], ["no images in", "int64"]),
    ("images that are paths", parquet_of(image=["a"] * 60, label=HALF), [PARQUET, FILE], ["no images in", "string"]),
    ("labels that are fractions", parquet_of(image="images", label=[0.5] * 60), [PARQUET, FILE], ["of a wrong type"]),
    ("labels that are lists", parquet_of(image="images", label=[["a"]] * 60), [PARQUET, FILE], ["of a wrong type"]),
    (
        "a missing label",
        parquet_of(image="images", label=[None, *HALF[1:]]),
        [PARQUET, FILE],
        ["an empty label", "row 0"],
    ),
    ("an unknown split", parquet_of(image="images", label=HALF, split=["x"] * 60), [PARQUET, FILE], ["wrong split"]),
    ("a weight below 0", parquet_of(image="images", label=HALF, weight=[-1.0] * 60), [PARQUET, FILE], ["wrong weight"]),
    ("a column of no such number", None, [PARQUET, FILE, "data.image_column=9"], ["has no column 9", "image, label"]),
    (
        "bytes that are no images",
        parquet_of(image=[b"x"] * 60, label=HALF),
        [PARQUET, FILE],
        ["60 of 60 images cannot"],
    ),
    ("sides for some files only", parquet_folder(train={}, extra={}), [PARQUET, FILE], ["mixes files of a side"]),
    ("columns in some files only", parquet_folder(a={"group": HALF[:40]}, b={}), [PARQUET, FILE], ["only some of the"]),
    ("one class", parquet_of(image="images", label=["a"] * 60), [PARQUET, FILE], ["nothing to tell apart"]),
]
OPTIONS = [
    ("image_size 0", None, ["data.image_size=0"], ["data.image_size", "received 0", "from 2 to 4096"]),
    ("image_size 1", None, ["data.image_size=1"], ["received 1", "from 2 to 4096"]),
    ("image_size 100,000", None, ["data.image_size=100000"], ["received 100000", "from 2 to 4096"]),
    ("image_size in words", None, ["data.image_size=large"], ["received 'large'", "a number of pixels"]),
    ("image_size of three", None, ["data.image_size=[32,32,3]"], ["received [32, 32, 3]", "[height, width]"]),
    ("image_size below 0", None, ["data.image_size=-32"], ["received -32"]),
    ("half an image_size", None, ["data.image_size=32.5"], ["received 32.5"]),
    ("image_size below the network's", None, ["data.image_size=4"], ["train.network fast is too deep", "at least 8x8"]),
    ("channels 2", None, ["data.channels=2"], ["data.channels", "received: 2", "one of 1, 3"]),
    ("channels in words", None, ["data.channels=rgb"], ["data.channels", 'received: "rgb"']),
    ("a way to resize", None, ["data.resize=padd"], ['received: "padd"', "crop, pad, stretch", "did you mean pad?"]),
    ("a background in words", None, ["data.background=white"], ["data.background", "six hexadecimal digits"]),
    ("a background as a comment", None, ["data.background=#fff"], ["data.background"]),
    ("max_unreadable 1", None, ["data.max_unreadable=1"], ["data.max_unreadable is out of range", "below 1"]),
    ("max_unreadable as per cent", None, ["data.max_unreadable=5%"], ["data.max_unreadable is not a number"]),
    ("max_decoded below 0", None, ["data.max_decoded=-1"], ["data.max_decoded is out of range"]),
    ("test 0", None, ["data.test=0"], ["data.test is out of range", "above 0"]),
    ("test 1", None, ["data.test=1"], ["data.test is out of range", "below 1"]),
    ("validation 0", None, ["data.validation=0"], ["data.validation is out of range"]),
    ("a policy for duplicates", None, ["data.duplicates=remove"], ["data.duplicates", "error, drop, keep"]),
    ("a source", None, ["data.source=floder"], ["data.source", "did you mean folder?"]),
    ("a url for a folder", None, ["data.url=https://x/y"], ["data.url contradicts data.source: folder"]),
    ("a digest for a folder", None, [f"data.digest=md5:{'0' * 32}"], ["data.digest contradicts data.source: folder"]),
    ("a fallback for a folder", None, ["data.fallback={source: digits}"], ["data.fallback contradicts data.source"]),
    ("a column for a folder", None, ["data.label_column=x"], ["data.label_column contradicts data.source: folder"]),
    ("a column below 0", None, [CSV, TABLE, "data.label_column=-1"], ["received -1", "a column's name, or its number"]),
    ("image_size for CIFAR-100", None, ["data.source=cifar100"], ["data.image_size contradicts data.source: cifar100"]),
    ("a train_limit of 1", None, ["data.train_limit=1"], ["data.train_limit is out of range", "at least 2"]),
]
TRAINING = [
    ("class weights in other words", None, ["train.class_weights=balance"], ["'balance'", "did you mean balanced?"]),
    ("weights for an unknown class", None, ["train.class_weights={cta: 2}"], ["train.class_weights", "cta", "cat"]),
    ("a weight below 0", None, ["train.class_weights={cat: -1}"], ["train.class_weights", "weights of 0 and more"]),
    ("a weight in words", None, ["train.class_weights={cat: heavy}"], ["train.class_weights", "{'cat': 'heavy'}"]),
    ("only weights of 0", None, ["train.class_weights={cat: 0}"], ["train.class_weights"]),
    ("no weights", None, ["train.class_weights={}"], ["train.class_weights", "received {}"]),
    ("a list of weights", None, ["train.class_weights=[1, 2]"], ["train.class_weights", "received [1, 2]"]),
    ("lifted twice", None, ["train.sampling=balanced", "train.class_weights=sqrt"], ["lift rare classes again"]),
    ("another sampling", None, ["train.sampling=random"], ["train.sampling", "one of shuffled, balanced"]),
    ("patience 0", None, ["train.patience=0"], ["train.patience is out of range", "from 1"]),
    ("another metric", None, ["evaluation.metric=f1"], ["evaluation.metric", "accuracy, balanced_accuracy, macro_f1"]),
    ("the metric's old place", None, ["gate.metric=macro_f1"], ["unknown key gate.metric", "evaluation.metric"]),
    ("a network too deep", None, ["train.network=deck", "data.image_size=16"], ["train.network deck is too deep"]),
    ("sizes for a network of one size", None, ["train.network=deck", "train.sizes={16: 0.5}"], ["images of one size"]),
    ("sizes that shrink", None, ["train.sizes={20: 0.6, 28: 0.3}"], ["train.sizes", "both growing"]),
    ("sizes in words", None, ["train.sizes=small"], ["train.sizes", "such as {20: 0.35, 28: 0.6}"]),
    ("sizes above the images'", None, ["train.sizes={64: 0.5}"], ["train.sizes does not fit these images", "48x48"]),
    ("hold all of it", None, ["train.hold=1"], ["train.hold is out of range"]),
    ("batches of one image", None, ["train.batch_size=1"], ["cannot learn from one image at a time", "2 or more"]),
    ("a step of too many batches", None, ["train.batch_size=20", "train.accumulate=9"], ["one step takes more images"]),
    ("no batches in a step", None, ["train.accumulate=0"], ["train.accumulate is out of range", "from 1"]),
    ("gradients of no length", None, ["train.clip_norm=0"], ["train.clip_norm is out of range", "above 0"]),
    ("averages of everything", None, ["train.ema=1"], ["train.ema is out of range", "below 1"]),
    ("an unknown schedule", None, ["train.schedule=linear"], ["train.schedule", "cosine"]),
    (
        "climbing for longer than it stays up",
        None,
        ["train.schedule=stable_decay", "train.hold=0.1", "train.warmup=0.2"],
        ["train.warmup: 0.2 contradicts train.hold: 0.1"],
    ),
    (
        "holding what does not fall",
        None,
        ["train.hold=0.3", "train.schedule=cosine"],
        ["train.hold: 0.3 contradicts train.schedule: cosine", "--set train.hold=0.4"],
    ),
    (
        "slower layers that are frozen",
        None,
        ["train.init=models:/a@champion", "train.freeze=true", "train.layer_decay=0.9"],
        ["train.layer_decay: 0.9 contradicts train.freeze: true"],
    ),
    (
        "GPUs that would idle",
        None,
        ["resources.gpus=4", "train.strategy=single"],
        ["--set resources.gpus=4: resources.gpus: 4 contradicts train.strategy: single"],
    ),
    ("one seed in a list", None, ["train.seeds=[1]"], ["train.seeds", "two to a hundred different seeds"]),
    ("the same seed twice", None, ["train.seeds=[1, 1]"], ["train.seeds", "two to a hundred different seeds"]),
    ("seeds and another seed", None, ["train.seeds=[1, 2]", "train.seed=5"], ["contradicts train.seeds: [1, 2]"]),
    ("seeds and folds", None, ["train.seeds=[1, 2]", "data.folds=3"], ["both set", "one of them"]),
    ("one fold", None, ["data.folds=1"], ["data.folds is out of range", "from 2"]),
    ("more folds than images of a class", None, ["data.folds=100"], ["fewer images than there are folds"]),
    ("folds of groups", None, ["data.folds=3", "data.group=^([a-z]+)"], ["as folds would part groups"]),
    ("freezing what is random", None, ["train.freeze=true"], ["train.freeze: true contradicts train.init: null"]),
    (
        "thawing after the end",
        None,
        ["train.init=models:/a@champion", "train.freeze=true", "train.unfreeze_at=9", "train.epochs=8"],
        ["train.unfreeze_at: 9 contradicts train.epochs: 8"],
    ),
    ("thawing what is not frozen", None, ["train.unfreeze_at=3"], ["contradicts train.freeze: false"]),
    ("weights that are not there", None, ["train.init=nowhere.keras"], ["train.init", "nowhere.keras", "missing"]),
    ("workers without names", None, ["train.strategy=multi_worker"], ["TF_CONFIG names no second worker"]),
    ("one device", None, ["train.strategy=mirrored", "train.device=cpu"], ["one device to train on", "device: cpu"]),
    ("workers of one device", None, ["train.workers=2", "train.strategy=mirrored"], ["by one strategy only"]),
    ("no workers", None, ["train.workers=0"], ["train.workers is out of range", "from 1"]),
    ("momentum for adam", None, ["train.optimizer=adam", "train.momentum=0.9"], ["only sgd and muon have a momentum"]),
]
AUGMENTATION = [
    ("a crop of the whole image", None, ["augmentation.random_crop=48"], ["augmentation.random_crop"]),
    ("a crop below 0", None, ["augmentation.random_crop=-1"], ["augmentation.random_crop is out of range"]),
    ("part of a pixel", None, ["augmentation.random_crop=1.5"], ["random_crop is not written as a whole number"]),
    ("erasing everything", None, ["augmentation.cutout=1"], ["augmentation.cutout is out of range", "below 1"]),
    ("mixup below 0", None, ["augmentation.mixup=-0.2"], ["augmentation.mixup is out of range"]),
    ("mixup switched on", None, ["augmentation.mixup=true"], ["augmentation.mixup is not a number"]),
    ("cutmix without end", None, ["augmentation.cutmix=.inf"], ["augmentation.cutmix is not a finite number"]),
    ("too many operations", None, ["augmentation.rand_augment=11"], ["augmentation.rand_augment is out of range"]),
    ("magnitude alone", None, ["augmentation.rand_augment_magnitude=5"], ["rand_augment: 0; set both"]),
    ("too much hue", None, ["augmentation.hue=0.6"], ["augmentation.hue is out of range", "0.5"]),
    ("too much contrast", None, ["augmentation.contrast=2"], ["augmentation.contrast is out of range"]),
    ("hue without colour", None, ["augmentation.hue=0.1", "data.channels=1"], ["augmentation.hue"]),
    (
        "saturation without colour",
        None,
        ["augmentation.saturation=0.1", "data.channels=1"],
        ["augmentation.saturation"],
    ),
    ("a shift of the whole image", None, ["augmentation.width_shift_range=48"], ["shifts images out of sight"]),
]
SECTIONS = [
    *(
        (f"{section} with a misspelt key", None, [f"{section}.{key}=1"], [f"unknown key {section}.{key}", hint])
        for section, key, hint in [
            ("data", "imagesize", "did you mean data.image_size?"),
            ("augmentation", "mix_up", "did you mean augmentation.mixup?"),
            ("train", "class_weight", "did you mean train.class_weights?"),
            ("evaluation", "metrics", "did you mean evaluation.metric?"),
            ("gate", "margins", "did you mean gate.margin?"),
            ("gate", "max_class_los", "did you mean gate.max_class_loss?"),
            ("model", "names", "did you mean model.name?"),
            ("resources", "thread", "did you mean resources.threads?"),
            ("resources", "gpu", "did you mean resources.gpus?"),
        ]
    ),
    *(
        (f"{key} of a wrong type", None, [f"{key}={value}"], [key, "received", "expected"])
        for key, value in {
            "data.resize": "3",
            "augmentation.cutout": "half",
            "train.patience": "1.5",
            "evaluation.metric": "1",
            "gate.margin_over_chance": "some",
            "model.name": "7",
            "resources.threads": "all",
            "resources.cpu": "many",
            "resources.memory": "16",
            "resources.tolerations": "nvidia.com/gpu",
        }.items()
    ),
    ("no images for the gate", None, ["gate.split=gate"], ["gate.split: gate contradicts data.gate: 0", "0.1"]),
    ("a level of a coin", None, ["gate.level=0.5"], ["gate.level is out of range", "below 0.5"]),
    ("a margin of nothing", None, ["gate.margin=0"], ["gate.margin is out of range", "above 0"]),
    ("a person who is not asked", None, ["gate.promote=manual"], ["gate.promote", "one of auto, ask, never"]),
    ("guards in percent", None, ["gate.max_class_loss=10"], ["gate.max_class_loss is out of range", "below 1"]),
    ("a section that is a list", None, ["train=[1]"], ["train is not a section"]),
    ("a key below a value", None, ["train.epochs.first=1"], ["train.epochs is a value"]),
    ("GPUs that are not used", None, ["resources.gpus=1", "train.device=cpu"], ["resources.gpus: 1 contradicts"]),
    ("no such section", None, ["trian.epochs=1"], ["unknown key trian", "did you mean train?"]),
]
CALIBRATION = [
    ("epochs from more to fewer", None, ["calibrate.epoch_range=[4, 2]"], ["received [4, 2]", "[fewest, most]"]),
    ("a batch size twice", None, ["calibrate.batch_sizes=[8, 8]"], ["different batch sizes"]),
    ("no batch sizes", None, ["calibrate.batch_sizes=[]"], ["a list of up to 20 different batch sizes"]),
    ("one batch size", None, ["calibrate.batch_sizes=16"], ["received 16", "a list of up to 20"]),
    ("a batch above the data", None, ["calibrate.batch_sizes=[8, 100000]"], ["training split cannot fill"]),
    (
        "the recipe's own epochs left out",
        None,
        ["train.epochs=5", "calibrate.epoch_range=[1, 3]"],
        ["leaves out train.epochs", "calibrate.epoch_range=[1, 5]"],
    ),
    ("no trials", None, ["calibrate.trials=0"], ["calibrate.trials is out of range", "from 1 to 1000"]),
    ("no time", None, ["calibrate.minutes=0"], ["calibrate.minutes is out of range"]),
    ("a short range test", None, ["calibrate.steps=3"], ["calibrate.steps is out of range", "from 20 to 10000"]),
    ("trails", None, ["calibrate.trails=3"], ["did you mean calibrate.trials?"]),
    ("yes to calibration", None, ["calibrate=true"], ["calibrate is not a section"]),
    ("from a file", None, ["calibrate.trials=3", "train.init=x.keras"], ["from random weights"]),
]
REMOTE = [
    ("an unknown protocol", None, ["data.path=s4://bucket/x"], ["s4"]),
    ("no bucket", None, ["data.path=s3://"], ["s3://"]),
    ("a bucket without a name", None, ["data.path=s3:///photos"], ["s3:///photos"]),
]
NIGHTLY = ("schedule.name=nightly", 'schedule.cron="0 3 * * *"')
HOOK = "notify.url=https://example.org/hook"
RETRAINING = [
    ("minute 99", None, ["schedule.name=n", 'schedule.cron="99 * * * *"'], ["minute 99 is not from 0 to 59"]),
    ("four fields", None, ["schedule.name=n", 'schedule.cron="3 * * *"'], ["4 fields instead of five"]),
    ("31 February", None, ["schedule.name=n", 'schedule.cron="0 3 31 2 *"'], ["it never fires"]),
    ("no cron", None, ["schedule.name=nightly"], ["schedule.cron is missing"]),
    ("a city", None, [*NIGHTLY, "schedule.time_zone=Berlin"], ["'Berlin'", "did you mean Europe/Berlin?"]),
    ("a zone by hours", None, [*NIGHTLY, "schedule.time_zone=UTC+1"], ["a time zone of IANA's"]),
    ("a long name", None, [*NIGHTLY, f"schedule.name={'n' * 40}"], ["received 40 characters", "up to 31"]),
    ("a name with capitals", None, [*NIGHTLY, "schedule.name=Nightly"], ["lower-case letters"]),
    ("an overlap", None, [*NIGHTLY, "schedule.overlap=forbidden"], ["schedule.overlap", "did you mean forbid?"]),
    ("a change", None, ["retrain.on_change=[shiftd]"], ["did you mean shifted?"]),
    ("same as a change", None, ["retrain.on_change=[same]"], ["similar, shifted and different"]),
    ("two beginnings", None, ["retrain.init=champion", "train.init=x.keras"], ["retrain.init: champion contradicts"]),
    ("force without yes", None, ["retrain.force=1"], ["retrain.force is neither true nor false"]),
    ("a hook of no scheme", None, ["notify.url=example.org/hook"], ["http:// or https://"]),
    ("a hook with a password", None, ["notify.url=https://me:hunter2@example.org"], ["would be stored"]),
    ("a secret in the file", None, [HOOK, "notify.secret=hunter3"], ["env:VARIABLE", "not repeated"]),
    ("a variable that is not set", None, [HOOK, "notify.secret=env:NO_SUCH_KEY"], ["export NO_SUCH_KEY=…"]),
    ("an event", None, [HOOK, "notify.events=[promotd]"], ["did you mean promoted?"]),
]
TABLE_OF_MISTAKES = [
    pytest.param(spoil, settings, texts, id=f"{group}: {name}")
    for group, rows in {
        "classes": CLASSES,
        "files": FILES,
        "splits": SPLITS,
        "csv": TABLES,
        "parquet": PARQUETS,
        "data": OPTIONS,
        "training": TRAINING,
        "augmentation": AUGMENTATION,
        "sections": SECTIONS,
        "calibration": CALIBRATION,
        "remote": REMOTE,
        "retraining": RETRAINING,
    }.items()
    for name, spoil, settings, texts in rows
]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("spoil", "settings", "texts"), TABLE_OF_MISTAKES)
def test_a_mistake(refused, spoil, settings, texts):
    told = refused(spoil, settings)
    for text in texts:
        assert text in told


@pytest.mark.skipif(AS_ROOT, reason="the administrator may read everything")
@pytest.mark.parametrize(
    ("spoil", "texts"), [(locked_folder, ["cannot be read", "denied"]), (locked_files, ["2 of 120", "denied"])]
)
def test_what_may_not_be_read(refused, spoil, texts):
    told = refused(spoil, [])
    for text in texts:
        assert text in told


def test_the_table_is_long_enough():
    assert len(TABLE_OF_MISTAKES) >= 120


@pytest.fixture
def s3_as_told(s3, closed_port, monkeypatch):
    """A function: what is missing -> an environment that lacks it, beside a bucket `photos` without files."""

    def prepare(missing):
        if missing == "credentials":
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")
            monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        if missing == "server":
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port}")

    return prepare


@pytest.mark.parametrize(
    ("missing", "path", "texts"),
    [
        (
            "credentials",
            "s3://photos/x",
            ["There are no credentials for s3://photos/x", "AWS_ACCESS_KEY_ID", "PROFILE"],
        ),
        ("bucket", "s3://no-such-bucket/x", ["s3://no-such-bucket/x does not exist", "check the address"]),
        ("files", "s3://photos/x", ["There are no files at s3://photos/x", "check the address"]),
        ("server", "s3://photos/x", ["s3://photos/x cannot be reached", "AWS_ENDPOINT_URL"]),
        ("nothing", "s3://key:hunter2@photos/x", ["would be stored", "data.path", "environment"]),
        (
            "nothing",
            "https://host/x.csv?X-Amz-Signature=hunter2",
            ["would be stored", "data.path"],
        ),
    ],
)
def test_a_mistake_at_s3(refused, s3_as_told, missing, path, texts):
    s3_as_told(missing)
    told = refused(None, [f"data.path={path}"])
    assert "hunter2" not in told
    for text in texts:
        assert text in told
