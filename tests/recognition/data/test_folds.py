import dataclasses

import numpy as np
import pytest

from recognition.configuration.sections.data import DataConfig
from recognition.data.dataset import image_hashes
from recognition.data.folds import fold
from recognition.data.sources import read_dataset
from recognition.data.splits import fold_numbers


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return read_dataset(DataConfig(source="digits", validation=0.2), tmp_path_factory.mktemp("cache"))


def pool(dataset):
    return np.sort(np.concatenate([dataset.splits[side].hashes for side in ("train", "validation")]))


def test_each_image_is_held_out_once(digits):
    parts = [fold(digits, number, 5) for number in range(5)]
    held = np.concatenate([part.splits["validation"].hashes for part in parts])
    np.testing.assert_array_equal(np.sort(held), pool(digits))
    for part in parts:
        np.testing.assert_array_equal(pool(part), pool(digits))
        assert not set(part.splits["train"].hashes) & set(part.splits["validation"].hashes)
        assert part.splits["test"] is digits.splits["test"]


def test_images_keep_their_labels(digits):
    split = fold(digits, 1, 3).splits["validation"]
    known = {
        hash_: label for side in digits.splits.values() for hash_, label in zip(side.hashes, side.labels, strict=True)
    }
    assert [known[hash_] for hash_ in split.hashes] == split.labels.tolist()
    np.testing.assert_array_equal(image_hashes(split.images), split.hashes)


def test_every_class_gives_each_part_its_share():
    labels = np.repeat(np.arange(3, dtype=np.int32), [10, 11, 4])
    parts = fold_numbers(labels, np.arange(25, dtype=np.uint64), 4)
    for label in range(3):
        counts = np.bincount(parts[labels == label], minlength=4)
        assert counts.max() - counts.min() <= 1


def test_copies_are_in_one_part():
    labels = np.zeros(40, np.int32)
    hashes = np.arange(40, dtype=np.uint64) // 4
    parts = fold_numbers(labels, hashes, 5)
    assert all(len(set(parts[hashes == hash_])) == 1 for hash_ in set(hashes))


def test_equal_images_give_equal_parts():
    labels, hashes = np.zeros(40, np.int32), np.arange(40, dtype=np.uint64)
    np.testing.assert_array_equal(fold_numbers(labels, hashes, 5), fold_numbers(labels, hashes, 5))


def test_weights_go_with_their_images(digits):
    train = digits.splits["train"]
    weights = np.arange(len(train), dtype=np.float32)
    weighted = dataclasses.replace(train, weights=weights)
    part = fold(dataclasses.replace(digits, splits={**digits.splits, "train": weighted}), 0, 4)
    known = dict(zip(train.hashes, weights, strict=True)) | dict.fromkeys(digits.splits["validation"].hashes, 1.0)
    for split in (part.splits["train"], part.splits["validation"]):
        assert split.weights.tolist() == [known[hash_] for hash_ in split.hashes]
