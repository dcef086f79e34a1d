import shutil

import numpy as np
import pytest
from PIL import Image

from recognition.configuration.sections.data import DataConfig
from recognition.data.image_transform import ImageTransform
from recognition.data.own_images import read_own_images, transform_of
from recognition.errors import InputError
from tests.recognition.data.files import picture, write_classes, write_images, write_parquet, write_table


def config(path, source="folder", **keys):
    return DataConfig(source=source, path=str(path), **{"image_size": [10, 12], "resize": "stretch", **keys})


def read(path, cache, source="folder", **keys):
    return read_own_images(config(path, source, **keys), cache)[0]


def sides(dataset):
    return {path: side for side, split in dataset.splits.items() for path in split.paths}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_classes(tmp_path_factory.mktemp("photos"), {"cat": 150, "dog": 120, "10": 80, "9": 80})


@pytest.fixture(scope="module")
def dataset(photos, tmp_path_factory):
    return read(photos, tmp_path_factory.mktemp("cache"))


def test_a_folder_becomes_a_data_set(dataset, photos):
    assert dataset.name == photos.name
    assert dataset.classes == ("9", "10", "cat", "dog")
    assert dataset.image_shape == (10, 12, 3)
    assert len(sides(dataset)) == sum(len(split) for split in dataset.splits.values()) == 430
    train = dataset.splits["train"]
    place = train.paths.index(next(path for path in train.paths if path.startswith("dog/")))
    assert train.labels[place] == 3
    np.testing.assert_array_equal(train.images[place], np.asarray(Image.open(photos / train.paths[place])))
    assert dataset.transform.shape == (10, 12, 3)
    assert any(note.startswith("sides are chosen by each image's content") for note in dataset.notes)


def test_all_sources_give_the_same_data_set(dataset, photos, tmp_path):
    classes = {name: sorted((photos / name).iterdir()) for name in sorted(dataset.classes)}
    rows = [f"{path},{name}".replace(f"{photos}/", "") for name, paths in classes.items() for path in paths]
    shutil.copytree(photos, tmp_path / "photos")
    table = write_table(tmp_path / "photos" / "table.csv", rows)
    seeds = [int(path.stem) for paths in classes.values() for path in paths]
    labels = [name for name, paths in classes.items() for _ in paths]
    file = write_parquet(tmp_path / "images.parquet", seeds, labels)
    digests = {read(table, tmp_path, "csv").digest, read(file, tmp_path, "parquet").digest}
    assert digests == {dataset.digest}
    assert read(tmp_path / "photos", tmp_path, max_decoded=0).splits["train"].images.nbytes > 0


def test_more_images_move_none(dataset, photos, tmp_path):
    shutil.copytree(photos, tmp_path / "more")
    write_images(tmp_path / "more" / "cat", 100, 5_000)
    write_images(tmp_path / "more" / "cow", 60, 6_000)
    after = sides(read(tmp_path / "more", tmp_path))
    before = sides(dataset)
    assert {path: after[path] for path in before} == before


def test_the_side_depends_on_the_picture_not_on_its_name_size_or_format(dataset, photos, tmp_path):
    shutil.copytree(photos, tmp_path / "other")
    for number, path in enumerate(sorted((tmp_path / "other" / "cat").iterdir())):
        Image.open(path).save(path.with_name(f"renamed-{number:04}.bmp"))
        path.unlink()
    other = read(tmp_path / "other", tmp_path, image_size=20, channels=1, resize="pad")
    for name in ("train", "validation", "test"):
        assert set(other.splits[name].hashes.tolist()) == set(dataset.splits[name].hashes.tolist())


def test_groups_stay_together(photos, tmp_path):
    grouped = read(photos, tmp_path, group=r"(\d\d)\.png", test=0.3, validation=0.3)
    by_group = {}
    for path, side in sides(grouped).items():
        by_group.setdefault(path[-6:-4], set()).add(side)
    assert len(by_group) > 50
    assert all(len(found) == 1 for found in by_group.values())
    assert any("chosen by each image's group" in note for note in grouped.notes)


def test_groups_of_a_column_and_images_without_one(photos, tmp_path):
    rows = [
        f"{name}/{path.name},{name},{'left' if path.stem.endswith('5') else ''}"
        for name in ("cat", "dog", "9")
        for path in sorted((photos / name).iterdir())
    ]
    shutil.copytree(photos, tmp_path / "photos")
    table = write_table(tmp_path / "photos" / "t.csv", rows, "path,label,group")
    dataset = read(table, tmp_path, "csv", seed=3)
    left = {side for path, side in sides(dataset).items() if path.endswith("5.png")}
    assert len(left) == 1
    assert any("as in no group" in note for note in dataset.notes)


def test_given_sides_stay_and_missing_ones_are_held_out(tmp_path):
    write_classes(tmp_path / "p" / "train", {"cat": 80, "dog": 80})
    write_classes(tmp_path / "p" / "test", {"cat": 25, "dog": 25}, 1_000)
    dataset = read(tmp_path / "p", tmp_path)
    assert {path.split("/")[0] for path in dataset.splits["test"].paths} == {"test"}
    assert {path.split("/")[0] for path in dataset.splits["validation"].paths} == {"train"}
    assert len(dataset.splits["test"]) == 50
    assert any(note.startswith("validation images are chosen") for note in dataset.notes)


@pytest.fixture
def overlapping(tmp_path):
    """Three images of train stand in test too, one of them in validation."""
    root = tmp_path / "overlapping"
    for number, side in enumerate(("train", "validation", "test")):
        write_classes(root / side, {"cat": 20, "dog": 20}, 1_000 * number)
    for number in range(3):
        shutil.copy(root / "train" / "cat" / f"{number:04}.png", root / "test" / "cat" / f"copy{number}.png")
    shutil.copy(root / "train" / "cat" / "0000.png", root / "validation" / "cat" / "copy.png")
    return root


def test_duplicates_across_sides(overlapping, tmp_path):
    with pytest.raises(InputError, match="the same image stands on two sides"):
        read(overlapping, tmp_path)
    kept = read(overlapping, tmp_path, duplicates="keep")
    assert [len(split) for split in kept.splits.values()] == [40, 41, 43]
    assert kept.duplicates.across == {"train/validation": 1, "train/test": 3, "validation/test": 1}
    dropped = read(overlapping, tmp_path, duplicates="drop")
    assert [len(split) for split in dropped.splits.values()] == [37, 40, 43]
    assert set(dropped.duplicates.across.values()) == {0}
    assert any("as on another side too: 4 images" in note for note in dropped.notes)


def test_a_picture_under_two_labels_is_told(photos, tmp_path):
    shutil.copytree(photos, tmp_path / "p")
    shutil.copy(tmp_path / "p" / "cat" / "0003.png", tmp_path / "p" / "dog" / "same.png")
    dataset = read(tmp_path / "p", tmp_path)
    (pair,) = [pair for pair in dataset.findings.pairs if pair.kind == "two labels"]
    paths = {dataset.splits[place.side].paths[place.number] for place in pair[1:]}
    assert paths == {"cat/0003.png", "dog/same.png"}
    assert dataset.findings.counts["two labels"] == 1
    assert any("under two labels" in note for note in dataset.notes)


def test_near_duplicates_are_told(tmp_path):
    root = write_classes(tmp_path / "p", {"cat": 40, "dog": 40})
    generator = np.random.default_rng(0)
    scene = Image.fromarray(generator.integers(0, 256, (6, 6, 3), np.uint8)).resize(
        (120, 100), Image.Resampling.BICUBIC
    )
    scene.save(root / "cat" / "scene.png")
    scene.save(root / "cat" / "scene-again.jpg", quality=70)
    dataset = read(root, tmp_path, image_size=[50, 60])
    paths = {
        frozenset(dataset.splits[place.side].paths[place.number] for place in pair[1:])
        for pair in dataset.findings.pairs
        if pair.kind == "near duplicate"
    }
    assert frozenset({"cat/scene.png", "cat/scene-again.jpg"}) in paths


def test_unreadable_files_are_told_and_left_out(photos, tmp_path):
    shutil.copytree(photos, tmp_path / "p")
    (tmp_path / "p" / "cat" / "0000.png").write_text("text")
    dataset = read(tmp_path / "p", tmp_path)
    assert [each.path for each in dataset.findings.unreadable] == ["cat/0000.png"]
    assert "cat/0000.png" not in sides(dataset)
    assert any("unreadable: 1 file" in note for note in dataset.notes)


def test_classes_too_small_to_judge_are_told_with_the_remedy(dataset, photos, tmp_path):
    notes = [note for note in dataset.notes if "too few to judge" in note]
    assert any("validation images" in note and "raise data.validation" in note for note in notes)


def test_weights_come_with_their_images(photos, tmp_path):
    rows = [
        f"{name}/{path.name},{name},{int(path.stem) / 10}"
        for name in ("cat", "dog")
        for path in sorted((photos / name).iterdir())
    ]
    shutil.copytree(photos, tmp_path / "photos")
    dataset = read(write_table(tmp_path / "photos" / "t.csv", rows, "path,label,weight"), tmp_path, "csv")
    train = dataset.splits["train"]
    expected = [int(path[-8:-4]) / 10 for path in train.paths]
    np.testing.assert_allclose(train.weights, expected)


def test_the_limit_cuts_train_alone(dataset, photos, tmp_path):
    limited = read(photos, tmp_path, train_limit=50)
    assert len(limited.splits["train"]) == 50
    for side in ("validation", "test"):
        assert limited.splits[side].paths == dataset.splits[side].paths
    places = [place for pair in limited.findings.pairs for place in pair[1:]]
    assert all(place.number < len(limited.splits[place.side]) for place in places)


def test_one_transform_for_training_and_prediction(tmp_path):
    root = write_classes(tmp_path / "p", {"cat": 40, "dog": 40})
    for path in root.rglob("*.png"):
        picture(int(path.stem), (37, 23)).save(path)
    for keys in ({"resize": "crop"}, {"resize": "pad", "channels": 1}, {"resize": "stretch", "max_decoded": 0}):
        dataset = read(root, tmp_path, **{"image_size": [16, 12], **keys})
        for split in dataset.splits.values():
            decoded = [dataset.transform.decode((root / path).read_bytes()).pixels for path in split.paths]
            np.testing.assert_array_equal(split.images[:], np.stack(decoded))


def test_section_data_says_how_images_become_arrays():
    config = DataConfig(source="folder", path="x", image_size=[8, 9], channels=1)
    assert transform_of(config) == ImageTransform(8, 9, 1, "crop", "#ffffff")
