import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from recognition.configuration.sections.data import DataConfig, Fallback
from recognition.data.location import DataUnavailableError
from recognition.data.sources import SOURCES, fallback_reason, read_dataset
from recognition.errors import InputError

DIGITS = DataConfig(source="digits")


SIDES = ("train", "validation", "test")


@pytest.fixture(scope="module")
def archive(make_cifar100_archive, tmp_path_factory):
    return make_cifar100_archive(tmp_path_factory.mktemp("store") / "tiny.tar.gz", train=10, test=2)


@pytest.fixture
def config(archive):
    return DataConfig(path=str(archive), validation=0.2)


def test_every_configurable_source_is_in_the_table():
    assert set(SOURCES) == set(DataConfig.model_fields["source"].annotation.__args__)


def test_real_data(cifar100_path, tmp_path):
    dataset = read_dataset(DataConfig(path=str(cifar100_path)), tmp_path)
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 45_000,
        "validation": 5_000,
        "test": 10_000,
    }
    assert dataset.splits["train"].counts(100).tolist() == [450] * 100
    assert dataset.splits["validation"].counts(100).tolist() == [50] * 100
    assert dataset.duplicates.within == {"train": 14, "test": 2}
    assert dataset.duplicates.across == {"train/test": 10}
    assert dataset.image_shape == (32, 32, 3)
    assert list(tmp_path.iterdir()) == []


def test_splits_of_a_small_archive(config, tmp_path):
    dataset = read_dataset(config, tmp_path)
    assert tuple(dataset.splits) == SIDES
    assert [len(dataset.splits[name]) for name in SIDES] == [800, 200, 200]
    hashes = [dataset.splits[name].hashes for name in ("train", "validation")]
    assert len(np.intersect1d(*hashes)) == 0
    assert len(dataset.source_digest) == 64
    assert len(dataset.notes) == 2


def test_the_gate_takes_its_images_from_train_alone(config, tmp_path):
    without, dataset = (read_dataset(each, tmp_path) for each in (config, config.model_copy(update={"gate": 0.25})))
    assert list(dataset.splits) == ["train", "validation", "gate", "test"]
    gate = dataset.splits["gate"]
    assert gate.counts(100).tolist() == [2] * 100
    assert not np.isin(gate.hashes, dataset.splits["train"].hashes).any()
    assert np.isin(gate.hashes, without.splits["train"].hashes).all()
    for side in ("validation", "test"):
        np.testing.assert_array_equal(dataset.splits[side].hashes, without.splits[side].hashes)


def test_the_limit_cuts_train_alone(config, tmp_path):
    whole = read_dataset(config, tmp_path)
    limited = read_dataset(config.model_copy(update={"train_limit": 300}), tmp_path)
    assert limited.splits["train"].counts(100).tolist() == [3] * 100
    assert np.isin(limited.splits["train"].hashes, whole.splits["train"].hashes).all()
    for name in ("validation", "test"):
        np.testing.assert_array_equal(limited.splits[name].hashes, whole.splits[name].hashes)
    assert limited.duplicates == whole.duplicates


def test_the_seed_moves_validation_but_not_test(config, tmp_path):
    first, second = (read_dataset(config.model_copy(update={"seed": seed}), tmp_path) for seed in (0, 1))
    assert not np.array_equal(first.splits["validation"].hashes, second.splits["validation"].hashes)
    np.testing.assert_array_equal(first.splits["test"].hashes, second.splits["test"].hashes)


def test_too_few_images_to_hold_out(make_cifar100_archive, tmp_path):
    archive = make_cifar100_archive(tmp_path / "x.tar.gz", train=1, test=1)
    with pytest.raises(InputError, match="too few images"):
        read_dataset(DataConfig(path=str(archive)), tmp_path)


def test_digits(tmp_path):
    dataset = read_dataset(DIGITS, tmp_path)
    assert [len(dataset.splits[name]) for name in SIDES] == [1295, 143, 359]
    assert dataset.name == "digits"
    assert dataset.image_shape == (8, 8, 1)


def test_digest_is_that_of_the_content(config, tmp_path):
    dataset = read_dataset(config, tmp_path)
    digest = dataset.digest
    assert digest == read_dataset(config, tmp_path).digest
    assert digest == replace(dataset, source_digest="other", notes=()).digest
    images = dataset.splits["test"].images.copy()
    images[0, 0, 0, 0] ^= 1
    labels = dataset.splits["train"].labels[::-1].copy()
    changes = (
        {"splits": {**dataset.splits, "test": replace(dataset.splits["test"], images=images)}},
        {"splits": {**dataset.splits, "train": replace(dataset.splits["train"], labels=labels)}},
        {"splits": {**dataset.splits, "test": dataset.splits["validation"]}},
        {"classes": (*dataset.classes[1:], dataset.classes[0])},
        {"superclasses": (*dataset.superclasses[1:], dataset.superclasses[0])},
        {"superclass_of": dataset.superclass_of[::-1]},
    )
    digests = {replace(dataset, **change).digest for change in changes}
    assert len(digests | {digest}) == len(changes) + 1


def test_a_source_that_is_there_needs_no_fallback(config, tmp_path):
    given = config.model_copy(update={"fallback": Fallback(source="digits")})
    assert fallback_reason(given, tmp_path) == fallback_reason(DIGITS, tmp_path) == ""


def test_fallback_when_unavailable(tmp_path):
    url = (tmp_path / "absent.tar.gz").as_uri()
    reason = fallback_reason(DataConfig(url=url, fallback=Fallback(source="digits")), tmp_path / "cache")
    assert url in reason
    assert "\n" not in reason


def test_without_fallback_unavailable_is_an_error(tmp_path):
    with pytest.raises(DataUnavailableError):
        fallback_reason(DataConfig(url=(tmp_path / "absent.tar.gz").as_uri()), tmp_path / "cache")


def test_no_fallback_for_a_mistake(tmp_path, archive):
    fallback = Fallback(source="digits")
    wrong_path = DataConfig(path=str(tmp_path / "absent"), fallback=fallback)
    wrong_digest = DataConfig(url=archive.as_uri(), digest="md5:" + "0" * 32, fallback=fallback)
    for config in (wrong_path, wrong_digest):
        with pytest.raises(InputError):
            fallback_reason(config, tmp_path / "cache")


def test_importing_is_light():
    code = "import sys, recognition.data.preload; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not set(loaded) & {
        "tensorflow",
        "keras",
        "sklearn",
        "scipy",
        "pooch",
        "requests",
        "zenml",
        "mlflow",
        "pyarrow",
        "fsspec",
    }
