import numpy as np

from recognition.data.dataset import Split
from recognition.data.oddities import oddities
from recognition.data.pixels import pixel_numbers
from tests.recognition.data.samples import images_of


def found(images, sizes=None):
    sizes = None if sizes is None else np.array(sizes, np.int32)
    split = Split(images, np.zeros(len(images), np.int32), np.arange(len(images), dtype=np.uint64), sizes=sizes)
    return {kind: numbers.tolist() for kind, numbers in oddities(split, pixel_numbers(images)).items()}


def test_ordinary_images_are_not_odd():
    assert found(images_of(5), [(30, 90), (90, 30), (12, 12), (6, 6), (500, 400)]) == {}


def test_an_image_of_hardly_more_than_one_colour():
    images = images_of(4)
    images[2] = (200, 10, 10)
    images[2, 0, 0] += 5
    assert found(images) == {"nearly one colour": [2]}


def test_grey_images_are_odd_among_coloured_ones_only():
    images = images_of(4)
    images[1] = images[1, :, :, :1]
    assert found(images) == {"grey": [1]}
    images[2:] = images[2:, :, :, :1]
    assert found(images) == {}


def test_files_of_odd_sizes():
    assert found(images_of(4), [(30, 91), (12, 12), (91, 30), (20, 5)]) == {"elongated": [0, 2, 3], "tiny": [3]}
