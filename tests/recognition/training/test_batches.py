import threading

import numpy as np
import pytest

from recognition.data.dataset import Split
from recognition.training.batches import batches

PLACES = [np.array([4, 1]), np.array([0, 3]), np.array([2, 2])]


def workers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("chunks")]


class Watched:
    """Images that remember what was asked for, and fail at one image."""

    def __init__(self, images, fail_at=None):
        self._images, self._fail_at = images, fail_at
        self.asked, self.loaded = [], threading.Semaphore(0)

    def __len__(self):
        return len(self._images)

    def __getitem__(self, place):
        self.asked.append((place, threading.current_thread().name))
        self.loaded.release()
        if self._fail_at is not None and self._fail_at in place:
            raise OSError("no such image")
        return self._images[place]


def split_of(images, weights=None):
    labels = np.arange(len(images), dtype=np.int32) % 3
    return Split(images, labels, np.zeros(len(images), np.uint64), weights=weights)


@pytest.fixture
def images():
    return np.arange(5 * 12, dtype=np.uint8).reshape(5, 2, 2, 3)


def test_batches_come_in_order(images):
    split = split_of(images)
    with batches(split, PLACES) as stream:
        for place, batch in zip(PLACES, stream, strict=True):
            np.testing.assert_array_equal(batch.images, images[place])
            np.testing.assert_array_equal(batch.labels, split.labels[place])
            assert (batch.weights.dtype, batch.weights.tolist()) == (np.float32, [1, 1])


def test_slices_are_places_too(images):
    with batches(split_of(images), [slice(0, 3), slice(3, 6)]) as stream:
        assert [len(batch.labels) for batch in stream] == [3, 2]


def test_each_image_brings_its_weight(images):
    with batches(split_of(images, np.arange(5, dtype=np.float32)), PLACES) as stream:
        assert [batch.weights.tolist() for batch in stream] == [[4, 1], [0, 3], [2, 2]]


def test_no_place_no_batch(images):
    with batches(split_of(images), []) as stream:
        assert list(stream) == []


def test_the_next_batch_is_loaded_meanwhile_and_no_other(images):
    watched = Watched(images)
    with batches(split_of(watched), PLACES) as stream:
        next(stream)
        for _ in range(2):
            assert watched.loaded.acquire(timeout=10)
        assert not watched.loaded.acquire(blocking=False)
    assert {name for _, name in watched.asked} == {"chunks_0"}


def test_an_error_is_raised_where_its_batch_is_asked_for(images):
    with batches(split_of(Watched(images, fail_at=3)), PLACES) as stream:
        next(stream)
        with pytest.raises(OSError, match="no such image"):
            next(stream)
    assert not workers()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_the_thread_ends_with_the_loop(images, error):
    def interrupted():
        with batches(split_of(images), PLACES) as stream:
            for _ in stream:
                assert workers()
                raise error

    with pytest.raises(error):
        interrupted()
    assert not workers()
    with batches(split_of(images), PLACES) as stream:
        list(stream)
    assert not workers()
