import os

import numpy as np
import pytest

from recognition.configuration.sections.data import DataConfig
from recognition.data import preload
from recognition.data.preload import preload_dataset, take_dataset


@pytest.fixture
def archive(make_cifar100_archive, tmp_path):
    return make_cifar100_archive(tmp_path / "tiny.tar", train=2, test=1)


@pytest.fixture
def config(archive):
    return DataConfig(path=str(archive))


@pytest.fixture(autouse=True)
def _empty_slot():
    preload._slot.clear()
    yield
    preload._slot.clear()


def test_taken_once_then_read_anew(config, tmp_path):
    kept = preload_dataset(config, tmp_path)
    assert take_dataset(config, tmp_path) is kept
    again = take_dataset(config, tmp_path)
    assert again is not kept
    np.testing.assert_array_equal(again.splits["train"].images, kept.splits["train"].images)
    assert preload._slot == []


def test_another_configuration_does_not_get_it(config, tmp_path):
    kept = preload_dataset(config, tmp_path)
    other = take_dataset(config.model_copy(update={"seed": 1}), tmp_path)
    assert not np.array_equal(other.splits["train"].hashes, kept.splits["train"].hashes)
    assert preload._slot == []


def test_changed_data_are_seen_even_with_their_time_set_back(config, archive, make_cifar100_archive, tmp_path):
    before = archive.stat()
    kept = preload_dataset(config, tmp_path)
    make_cifar100_archive(archive, train=2, test=1, seed=1)
    os.utime(archive, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert archive.stat().st_size == before.st_size
    taken = take_dataset(config, tmp_path)
    assert not np.isin(taken.splits["train"].hashes, kept.splits["train"].hashes).any()


def test_another_environment_does_not_get_it(archive, make_cifar100_archive, tmp_path, monkeypatch):
    other = make_cifar100_archive(tmp_path / "other.tar.gz", train=2, test=1, seed=1)
    monkeypatch.setenv("RECOGNITION_DATA", str(archive))
    kept = preload_dataset(DataConfig(), tmp_path)
    monkeypatch.setenv("RECOGNITION_DATA", str(other))
    assert take_dataset(DataConfig(), tmp_path).source_digest != kept.source_digest


def test_only_the_last_is_kept(config, tmp_path):
    preload_dataset(config, tmp_path)
    last = preload_dataset(DataConfig(source="digits"), tmp_path)
    assert len(preload._slot) == 1
    assert take_dataset(DataConfig(source="digits"), tmp_path) is last
