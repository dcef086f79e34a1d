import hashlib

import numpy as np
import pytest

from recognition.data import encoded_images
from recognition.data.encoded_images import EncodedContent, hash_bytes, release_pages


@pytest.fixture
def mapped(tmp_path, monkeypatch):
    """A memory-mapped file of several chunks and a bit."""
    monkeypatch.setattr(encoded_images, "CHUNK", 4096)
    (tmp_path / "x").write_bytes(np.random.default_rng(0).bytes(30_001))
    return np.memmap(tmp_path / "x", np.uint8, "r")


def test_the_digest_is_that_of_all_bytes(mapped):
    assert EncodedContent(mapped).digest == hashlib.sha256(mapped.tobytes()).hexdigest()


@pytest.mark.parametrize("array", [np.arange(10_000), np.zeros((0, 2)), np.arange(6.0).reshape(2, 3).T])
def test_arrays_of_any_kind_are_hashed(array, monkeypatch):
    monkeypatch.setattr(encoded_images, "CHUNK", 1_000)
    hasher = hashlib.sha256()
    hash_bytes(hasher, array)
    assert hasher.hexdigest() == hashlib.sha256(array.tobytes()).hexdigest()


def test_released_pages_can_be_read_again(mapped):
    before = mapped.tobytes()
    release_pages(np.asarray(mapped)[5:])
    assert mapped.tobytes() == before
    array = np.arange(5)
    release_pages(array)
    assert array.tolist() == [0, 1, 2, 3, 4]
