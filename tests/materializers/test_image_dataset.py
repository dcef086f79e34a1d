from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from materializers import image_dataset
from materializers.image_dataset import ImageDatasetMaterializer
from materializers.storage import array_path
from operations.platform.references import references
from recognition.data.dataset import Duplicates, ImageDataset, array_digest
from recognition.data.encoded_images import EncodedImages
from recognition.data.findings import Findings, Place, SuspiciousPair, Unreadable
from recognition.data.image_transform import ImageTransform
from recognition.data.reading import read_images
from recognition.errors import RecognitionError
from tests.recognition.data.files import encoded
from tests.recognition.evaluation.samples import split_of

CLASSES = ("<apple>", "bee & wasp", "Ζ")


def dataset_of(seed=0, **changes):
    sizes = {"train": 60, "validation": 6, "test": 9}
    splits = {name: split_of(np.arange(size) % 3, 8, seed=seed + i) for i, (name, size) in enumerate(sizes.items())}
    splits["test"] = replace(splits["test"], paths=tuple(f"ordner/{i} ä.png" for i in range(9)))
    dataset = ImageDataset(
        name="made",
        splits=splits,
        classes=CLASSES,
        superclasses=("plants", "animals"),
        superclass_of=np.array([0, 1, 1], np.int32),
        duplicates=Duplicates({"train": 2, "test": 0}, {"train/test": 1}),
        source_digest="ab" * 32,
        notes=("One image stands in train and test.",),
    )
    return replace(dataset, **changes)


@pytest.fixture
def materializer(artifact):
    return artifact(ImageDatasetMaterializer)


def test_a_data_set_comes_back(stored):
    data = dataset_of()
    _, loaded = stored(ImageDatasetMaterializer, data)
    for field in ("name", "classes", "superclasses", "source_digest", "notes", "image_shape", "duplicates"):
        assert getattr(loaded, field) == getattr(data, field)
    np.testing.assert_array_equal(loaded.superclass_of, data.superclass_of)
    assert loaded.superclass_of.dtype == np.int32
    assert list(loaded.splits) == list(data.splits)
    for name, split in data.splits.items():
        assert loaded.splits[name].paths == split.paths
        for array in ("images", "labels", "hashes"):
            ours, theirs = getattr(loaded.splits[name], array), getattr(split, array)
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)


def test_superclasses_may_be_missing(stored):
    data = dataset_of(superclasses=(), superclass_of=np.empty(0, np.int32))
    _, loaded = stored(ImageDatasetMaterializer, data)
    assert loaded.superclasses == ()
    assert loaded.superclass_of.shape == (0,)


def test_loaded_arrays_are_mapped_into_memory(stored):
    _, loaded = stored(ImageDatasetMaterializer, dataset_of())
    for split in loaded.splits.values():
        for array in (split.images, split.labels, split.hashes):
            assert isinstance(array.base, np.memmap)


def test_equal_content_lies_on_disk_once(stored, store):
    first, _ = stored(ImageDatasetMaterializer, dataset_of(seed=10))
    before = sorted(Path(store.path, "arrays").iterdir())
    second, loaded = stored(ImageDatasetMaterializer, dataset_of(seed=10, name="renamed"))
    assert sorted(Path(store.path, "arrays").iterdir()) == before
    assert references(first.uri) == references(second.uri)
    assert loaded.name == "renamed"


def test_a_loaded_data_set_can_be_stored_again(stored):
    _, loaded = stored(ImageDatasetMaterializer, dataset_of())
    _, again = stored(ImageDatasetMaterializer, loaded)
    np.testing.assert_array_equal(again.splits["train"].images, loaded.splits["train"].images)


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_arrays_are_written_anew(stored, store, damage):
    data = dataset_of(seed=20)
    stored(ImageDatasetMaterializer, data)
    path = Path(array_path(store, data.splits["train"].digests["images"]))
    intact = path.read_bytes()
    path.write_bytes(intact[:-1] + (b"" if damage == "cut" else bytes([intact[-1] ^ 1])))
    stored(ImageDatasetMaterializer, data)
    assert path.read_bytes() == intact


def test_what_was_damaged_on_its_way_is_refused(stored, monkeypatch, tmp_path):
    data = own_images(tmp_path)
    written, _ = stored(ImageDatasetMaterializer, data)
    monkeypatch.setattr(image_dataset, "array_path", lambda store, digest: f"s3://bucket/{digest}.npy")
    assert written.load(ImageDataset).digest == data.digest
    monkeypatch.setattr(image_dataset, "load_array", lambda *_: np.zeros(9, np.uint8))
    with pytest.raises(RecognitionError, match=r"not what was stored[^$]+s3://bucket"):
        written.load(ImageDataset)


def test_digests_are_known_without_another_look_at_the_pixels(stored, monkeypatch, tmp_path):
    for data in (dataset_of(), own_images(tmp_path)):
        _, loaded = stored(ImageDatasetMaterializer, data)
        with monkeypatch.context() as patch:
            patch.setattr("recognition.data.dataset.array_digest", lambda array: pytest.fail("looked again"))
            patch.setattr("recognition.data.encoded_images.hash_bytes", lambda *_: pytest.fail("looked again"))
            assert loaded.digest == data.digest
    other = replace(loaded.splits["train"], labels=loaded.splits["test"].labels)
    assert other.digests != loaded.splits["train"].digests


def test_every_array_is_named_as_one_it_cannot_do_without(stored, store):
    data = dataset_of()
    written, _ = stored(ImageDatasetMaterializer, data)
    arrays = [getattr(split, name) for split in data.splits.values() for name in ("images", "labels", "hashes")]
    assert set(references(written.uri)) == {array_path(store, array_digest(array)) for array in arrays}
    assert all(Path(path).is_file() for path in references(written.uri))


def test_nothing_is_pickled(stored, check_no_pickles):
    written, _ = stored(ImageDatasetMaterializer, dataset_of())
    check_no_pickles(written.uri)
    check_no_pickles(Path(references(written.uri)[0]).parent)


def test_a_grid_and_a_table_are_shown(materializer, check_visualizations):
    assert check_visualizations(materializer, dataset_of()) == ["classes.csv", "images.png"]
    lines = Path(materializer.uri, "classes.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ["class,train,validation,test", *(f"{name},20,2,3" for name in CLASSES)]


def test_a_data_set_smaller_than_the_grid_is_shown_too(materializer, check_visualizations):
    data = dataset_of()
    small = {name: split.take(np.arange(3)) for name, split in data.splits.items()}
    check_visualizations(materializer, replace(data, splits=small))


def test_metadata_tells_sizes_and_balance(materializer):
    metadata = materializer.extract_metadata(dataset_of())
    assert metadata["images"] == {"train": 60, "validation": 6, "test": 9}
    assert metadata["image_shape"] == [8, 8, 3]
    assert metadata["test_images_per_class"] == dict.fromkeys(CLASSES, 3)
    assert metadata["duplicates_across"] == {"train/test": 1}


def test_the_hash_is_one_of_content(materializer, stored):
    data = dataset_of()
    same = materializer.compute_content_hash(data)
    assert materializer.compute_content_hash(dataset_of()) == same
    assert materializer.compute_content_hash(stored(ImageDatasetMaterializer, data)[1]) == same
    assert materializer.compute_content_hash(dataset_of(seed=1)) != same
    assert materializer.compute_content_hash(dataset_of(classes=("a", "b", "c"))) != same


@pytest.mark.parametrize("side", ["train", "validation", "test"])
def test_one_pixel_or_one_label_changes_the_hash(materializer, side):
    data = dataset_of()
    same = materializer.compute_content_hash(data)
    for array in ("images", "labels"):
        changed = getattr(data.splits[side], array).copy()
        changed.flat[-1] ^= 1
        splits = {**data.splits, side: replace(data.splits[side], **{array: changed})}
        assert materializer.compute_content_hash(replace(data, splits=splits)) != same


TRANSFORM = ImageTransform(8, 8, 3, "pad", "#ffffff")


def own_images(scratch, **changes):
    """A data set as a user's own images become one: still encoded, with weights and findings."""
    read = read_images((encoded(seed) for seed in range(75)), [f"{n}.png" for n in range(75)], TRANSFORM, 0, scratch)
    sides = {"train": np.arange(60), "validation": np.arange(60, 66), "test": np.arange(66, 75)}
    data = dataset_of()
    splits = {
        side: replace(
            data.splits[side],
            images=read.images.subset(places),
            paths=tuple(f"{place}.png" for place in places),
            weights=places.astype(np.float32),
        )
        for side, places in sides.items()
    }
    pairs = (
        SuspiciousPair("near duplicate", Place("train", 3), Place("test", 4)),
        SuspiciousPair("two labels", Place("train", 0), Place("train", 1)),
    )
    findings = Findings((Unreadable("x/y.png", "the file is empty"),), pairs, {"near duplicate": 1, "two labels": 1})
    return replace(data, splits=splits, transform=TRANSFORM, findings=findings, **changes)


def test_encoded_images_stay_encoded_and_share_their_bytes(stored, store, tmp_path):
    data = own_images(tmp_path)
    written, loaded = stored(ImageDatasetMaterializer, data)
    for side, split in data.splits.items():
        images = loaded.splits[side].images
        assert isinstance(images, EncodedImages)
        np.testing.assert_array_equal(images[:], split.images[:])
        assert images.content is loaded.splits["train"].images.content
    content = array_path(store, data.splits["train"].images.content.digest)
    assert content in references(written.uri)
    assert loaded.digest == data.digest


def test_transform_weights_and_findings_come_back(stored, tmp_path, check_no_pickles):
    data = own_images(tmp_path)
    written, loaded = stored(ImageDatasetMaterializer, data)
    assert (loaded.transform, loaded.findings) == (data.transform, data.findings)
    np.testing.assert_array_equal(loaded.splits["test"].weights, data.splits["test"].weights)
    check_no_pickles(written.uri)


def test_findings_are_shown(materializer, check_visualizations, tmp_path):
    shown = check_visualizations(materializer, own_images(tmp_path))
    pictures = ["images.png", "near_duplicate.png", "two_labels.png"]
    assert shown == sorted(["classes.csv", "suspicious_pairs.csv", "unreadable.csv", *pictures])
    assert "x/y.png,the file is empty" in Path(materializer.uri, "unreadable.csv").read_text()
    assert "train, 3.png" in Path(materializer.uri, "suspicious_pairs.csv").read_text()


@pytest.mark.parametrize("change", ["weights", "transform"])
def test_weights_and_transform_change_the_hash(materializer, tmp_path, change):
    data = own_images(tmp_path)
    train = replace(data.splits["train"], weights=data.splits["train"].weights + 1)
    grey = replace(TRANSFORM, channels=1)
    changed = {"weights": {"splits": {**data.splits, "train": train}}, "transform": {"transform": grey}}[change]
    assert materializer.compute_content_hash(replace(data, **changed)) != materializer.compute_content_hash(data)
