import csv
import re

import numpy as np
import pytest
from PIL import Image

from recognition.configuration.sections.data import DataConfig
from recognition.data.sources import read_dataset
from recognition.errors import InputError
from recognition.evaluation.evaluate import evaluate
from recognition.report.error_files import check_errors_folder, copy_errors, folder_names, safe_name
from tests.recognition.data.files import encoded, write_classes, write_parquet
from tests.recognition.evaluation.samples import certain, evaluation_of, split_of

CIFAR100 = DataConfig(source="cifar100")


def config_of(source, path):
    return DataConfig(source=source, path=str(path), image_size=(10, 12), test=0.5, validation=0.2)


@pytest.fixture
def judge(tmp_path):
    """A function: a configuration -> the evaluation that takes every test image for the next class, and the images."""

    def run(config):
        dataset = read_dataset(config, tmp_path / "cache")
        test = dataset.splits["test"]
        wrong = (test.labels + 1) % len(dataset.classes)
        return evaluate(certain(wrong, len(dataset.classes)), test, dataset.classes), test

    return run


@pytest.fixture
def photos(tmp_path):
    return write_classes(tmp_path / "photos", {"cat": 20, "a:b?": 20})


def rows_of(folder):
    with (folder / "errors.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_files_are_copied_byte_by_byte_under_true_and_predicted(judge, photos, tmp_path):
    config, out = config_of("folder", photos), tmp_path / "out"
    evaluation, test = judge(config)
    copied = copy_errors(evaluation, test, config, tmp_path / "cache", out)
    rows = rows_of(out)
    assert (copied.images, copied.files, copied.reason) == (len(test), len(test), "")
    assert [row["source"] for row in rows] == list(test.paths)
    for row in rows:
        assert (out / row["path"]).read_bytes() == (photos / row["source"]).read_bytes()
        assert row["content"] == "file"
        assert (row["true"], row["predicted"]) in {("cat", "a:b?"), ("a:b?", "cat")}
        assert float(row["probability"]) == pytest.approx(0.9)
        assert row["path"].startswith({"cat": "cat/a_b_/", "a:b?": "a_b_/cat/"}[row["true"]])
        assert row["path"].endswith(".png")


def test_right_predictions_are_not_copied(tmp_path):
    evaluation, test = evaluation_of([0, 1, 1], [0, 1, 0]), split_of([0, 1, 1])
    assert copy_errors(evaluation, test, CIFAR100, tmp_path, tmp_path / "out").images == 1
    assert [row["path"] for row in rows_of(tmp_path / "out")] == ["class_1/class_0/00002.png"]


def test_a_perfect_model_leaves_an_empty_index(tmp_path):
    copied = copy_errors(evaluation_of([0, 1], [0, 1]), split_of([0, 1]), CIFAR100, tmp_path, tmp_path / "out")
    assert copied.images == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["errors.csv"]


@pytest.mark.parametrize("channels", [1, 3])
def test_images_without_files_are_written_pixel_by_pixel(tmp_path, channels):
    test = split_of([0, 1], channels=channels)
    copied = copy_errors(evaluation_of([0, 1], [1, 0]), test, CIFAR100, tmp_path, tmp_path / "out")
    assert (copied.images, copied.files, copied.reason) == (2, 0, "")
    for row, image in zip(rows_of(tmp_path / "out"), test.images, strict=True):
        assert (row["content"], row["source"]) == ("pixels", "")
        with Image.open(tmp_path / "out" / row["path"]) as shown:
            np.testing.assert_array_equal(np.asarray(shown).reshape(image.shape), image)


def test_files_that_are_gone_or_changed_are_written_as_pixels(judge, photos, tmp_path):
    config, out = config_of("folder", photos), tmp_path / "out"
    evaluation, test = judge(config)
    (photos / test.paths[0]).unlink()
    (photos / test.paths[1]).write_bytes(encoded(999))
    (photos / test.paths[2]).write_bytes(b"damaged")
    copied = copy_errors(evaluation, test, config, tmp_path / "cache", out)
    assert copied.images - copied.files == 3
    assert "gone or have changed" in copied.reason
    rows = rows_of(out)
    assert [row["content"] for row in rows[:4]] == ["pixels"] * 3 + ["file"]
    with Image.open(out / rows[1]["path"]) as shown:
        np.testing.assert_array_equal(np.asarray(shown), test.images[1])


def test_a_source_that_is_gone_is_told(judge, photos, tmp_path):
    config = config_of("folder", photos)
    evaluation, test = judge(config)
    photos.rename(tmp_path / "elsewhere")
    copied = copy_errors(evaluation, test, config, tmp_path / "cache", tmp_path / "out")
    assert (copied.images, copied.files) == (len(test), 0)
    assert "does not exist" in copied.reason


def test_images_in_a_table_get_a_suffix_of_their_kind(judge, tmp_path):
    names = ["cat", "dog"] * 20
    config = config_of("parquet", write_parquet(tmp_path / "images.parquet", range(40), names))
    evaluation, test = judge(config)
    copied = copy_errors(evaluation, test, config, tmp_path / "cache", tmp_path / "out")
    assert copied.files == len(test)
    for row in rows_of(tmp_path / "out"):
        assert row["path"].endswith(".png")
        assert (tmp_path / "out" / row["path"]).read_bytes() == encoded(int(row["source"].partition("#")[2]))


def test_remote_files_are_copied(judge, photos, tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.put(str(photos), "/bucket", recursive=True)
    config = config_of("folder", "memory://bucket")
    evaluation, test = judge(config)
    copied = copy_errors(evaluation, test, config, tmp_path / "cache", tmp_path / "out")
    assert copied.files == copied.images == len(test)
    memory.rm("/bucket", recursive=True)
    copied = copy_errors(evaluation, test, config, tmp_path / "cache", tmp_path / "again")
    assert (copied.files, copied.images) == (0, len(test))
    assert "memory://bucket" in copied.reason


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "class_0" / "class_1").mkdir(parents=True)
    (tmp_path / "class_0" / "class_1" / "00000.png").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        copy_errors(evaluation_of([0, 1], [1, 1]), split_of([0, 1]), CIFAR100, tmp_path, tmp_path)
    assert (tmp_path / "class_0" / "class_1" / "00000.png").read_bytes() == b"mine"


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    check_errors_folder(tmp_path, CIFAR100)
    check_errors_folder(tmp_path / "new", CIFAR100)
    (tmp_path / ".hidden").touch()
    with pytest.raises(InputError, match=r"is not empty(.|\n)*\.hidden"):
        check_errors_folder(tmp_path, CIFAR100)


@pytest.mark.parametrize("below", [".", "errors", "cat/errors"])
def test_a_folder_among_the_data_is_refused(tmp_path, below):
    (tmp_path / "data").mkdir()
    with pytest.raises(InputError, match="lies among the data"):
        check_errors_folder(tmp_path / "data" / below, config_of("folder", tmp_path / "data"))
    check_errors_folder(tmp_path / "data2", config_of("folder", tmp_path / "data"))


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("maple_tree", "maple_tree"),
        ("Größe 3 樱", "Größe_3_樱"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ('a<b>:"c|d?*\\e', "a_b_c_d_e"),
        ("con", "_con"),
        ("Lpt1.txt", "_Lpt1.txt"),
        ("console", "console"),
        ("trailing. ", "trailing._"),
        ("…", "_"),
        ("...", "_"),
        ("", "_"),
    ],
)
def test_names_are_safe(name, safe):
    assert safe_name(name, 60) == safe


@pytest.mark.parametrize("letter", ["x", "樱", "🦊"])
def test_long_names_are_cut_within_letters(letter):
    safe = safe_name(letter * 200, 60)
    assert 0 < len(safe.encode()) <= 60
    assert "\ufffd" not in safe


def test_classes_have_folders_of_their_own_whatever_the_letter_case():
    names = ("a/b", "a:b", "A_B", "a_b-1", "x" * 200, "x" * 201, "🦊", "🐱", "a_b")
    folders = folder_names(names)
    assert len({folder.casefold() for folder in folders}) == len(names)
    assert all(re.fullmatch(r"[\w.-]+", folder) for folder in folders)
