from dataclasses import replace

import numpy as np
import pytest

from recognition.configuration.sections.data import DataConfig
from recognition.data.findings import Place, Unreadable
from recognition.data.inspection import details_digest, inspect_dataset
from recognition.data.own_images import read_own_images
from recognition.data.sources import read_dataset
from recognition.data.summary import DataSummary
from tests.recognition.data.files import write_classes
from tests.recognition.data.samples import dataset_of, images_of


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = write_classes(tmp_path_factory.mktemp("photos"), {"cat": 60, "dog": 60})
    (folder / "cat" / "broken.png").write_bytes(b"no picture")
    return folder


def own(photos, cache, **keys):
    keys = {"image_size": [10, 12], "resize": "stretch", "max_unreadable": 0.1, **keys}
    return read_own_images(DataConfig(source="folder", path=str(photos), **keys), cache)[0]


def test_a_summary_counts_and_comes_back_from_json():
    summary = inspect_dataset(dataset_of()).summary
    assert summary.images == 33
    assert summary.counts("test") == {"class_0": 3, "class_1": 3, "class_2": 3}
    assert all(sum(side.brightness) == sum(side.contrast) == side.images for side in summary.sides.values())
    assert DataSummary.model_validate_json(summary.model_dump_json()) == summary


def test_statistics_are_those_of_the_pixels():
    dataset = dataset_of()
    side, exact = inspect_dataset(dataset).summary.sides["train"], dataset.splits["train"].images / 255
    np.testing.assert_allclose(side.means, exact.mean(axis=(0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(side.deviations, exact.std(axis=(0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(side.spreads, exact.mean(axis=(1, 2)).std(axis=0), atol=1e-6)


def with_twins(side, images):
    """One picture twice in train under one label and once more under another, and brighter in test."""
    twin = images_of(1, seed=99)[0]
    if side == "train":
        images[[0, 1, 7]] = twin
    if side == "test":
        images[4] = np.minimum(twin.astype(int) + 12, 255)
    return images


def test_copies_and_look_alikes_are_found_where_they_are():
    found = inspect_dataset(dataset_of(change=with_twins))
    assert found.summary.duplicates["train"] == 2
    assert found.summary.two_labels == 1
    assert found.summary.near_duplicates["train/test"] >= 1
    assert found.copies == ((Place("train", 0), Place("train", 1)),)
    assert {pair.kind for pair in found.findings.pairs} == {"two labels", "near duplicate"}
    assert all(pair.second == Place("test", 4) for pair in found.findings.pairs if pair.kind == "near duplicate")


def test_data_without_any_pair():
    found = inspect_dataset(dataset_of())
    assert (found.copies, found.findings.pairs, found.summary.near_duplicates) == ((), (), {})


def test_odd_and_extreme_images_have_places():
    def black(side, images):
        images[3] = 0 if side == "validation" else images[3]
        return images

    found = inspect_dataset(dataset_of(change=black))
    assert found.odd == {"nearly one colour": (Place("validation", 3),)}
    assert found.extremes["darkest"][0] == found.extremes["least contrast"][0] == Place("validation", 3)
    assert found.summary.sides["validation"].odd == {"nearly one colour": 1}


@pytest.mark.parametrize("max_decoded", [2**30, 0])
def test_files_have_sizes_whether_their_images_stay_encoded_or_not(photos, tmp_path, max_decoded):
    summary = inspect_dataset(own(photos, tmp_path, image_size=20, max_decoded=max_decoded)).summary
    assert summary.unreadable == 1
    sizes = summary.sides["train"].sizes
    assert (sizes.heights, sizes.widths) == ((10, 10, 10), (12, 12, 12))
    assert sizes.enlarged == summary.sides["train"].images


def test_encoded_images_have_the_same_statistics(photos, tmp_path):
    one, other = (inspect_dataset(own(photos, tmp_path, max_decoded=most)).summary for most in (2**30, 0))
    assert one.sides == other.sides
    assert one.near_duplicates == other.near_duplicates


def test_what_the_digest_leaves_out_has_its_own():
    dataset = dataset_of()
    findings = replace(dataset.findings, unreadable=(Unreadable("a.png", "empty"),))
    other = replace(dataset, findings=findings)
    assert other.digest == dataset.digest
    assert details_digest(other) != details_digest(dataset) == details_digest(dataset_of())


def test_the_known_duplicates_of_cifar100(cifar100_path, tmp_path):
    config = DataConfig(source="cifar100", path=str(cifar100_path), validation=0.1)
    summary = inspect_dataset(read_dataset(config, tmp_path)).summary
    assert summary.duplicates == {"train": 14, "test": 2, "train/test": 10}
    near = summary.near_duplicates
    assert sum(number for sides, number in near.items() if sides in ("train/test", "validation/test")) == 117
    assert sum(near.values()) == 378
    assert near["test"] == 8
    assert summary.two_labels == 17
    assert {side: sum(numbers.counts) for side, numbers in summary.sides.items()} == {
        "train": 45_000,
        "validation": 5_000,
        "test": 10_000,
    }
    assert sum(side.odd["grey"] for side in summary.sides.values()) == 856
