import numpy as np
import pytest
from sklearn.datasets import load_digits

from recognition.data.digits import read_digits


@pytest.fixture(scope="module")
def digits():
    return read_digits()


def test_shapes_types_and_names(digits):
    assert digits.train.images.shape == (1438, 8, 8, 1)
    assert digits.test.images.shape == (359, 8, 8, 1)
    assert digits.train.images.dtype == np.uint8
    assert digits.train.labels.dtype == np.int32
    assert digits.classes == tuple("0123456789")
    assert digits.superclasses == ()
    assert digits.superclass_of.shape == (0,)
    assert digits.files == digits.notes == ()


def test_test_part_is_stratified_and_fixed(digits):
    assert digits.test.counts(10).tolist() == [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]
    assert digits.test.labels[:12].tolist() == [4, 6, 1, 3, 5, 6, 5, 9, 0, 6, 6, 9]
    assert len(np.intersect1d(digits.test.hashes, digits.train.hashes)) == 0


def test_grey_values_keep_their_order_and_fill_the_range():
    original, scaled = load_digits().images, read_digits()
    levels = np.unique(np.concatenate([scaled.train.images.ravel(), scaled.test.images.ravel()]))
    assert len(levels) == len(np.unique(original)) == 17
    assert levels[0] == 0
    assert levels[-1] == 255


def test_images_keep_their_labels(digits):
    bunch = load_digits()
    first = np.rint(bunch.images * 255 / 16).astype(np.uint8)
    found = np.flatnonzero((first == digits.test.images[0, :, :, 0]).all(axis=(1, 2)))
    assert bunch.target[found].tolist() == [digits.test.labels[0]]


def test_digest_is_stable(digits):
    assert digits.digest == read_digits().digest
    assert len(digits.digest) == 64
