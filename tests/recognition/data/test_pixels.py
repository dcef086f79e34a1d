import numpy as np
import pytest

from recognition.data import pixels
from recognition.data.pixels import pixel_numbers


@pytest.mark.parametrize("shape", [(7, 5, 4, 3), (3, 300, 301, 3), (200, 8, 8, 1)])
def test_numbers_are_those_of_numpy(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    numbers, exact = pixel_numbers(images), images / 255
    np.testing.assert_array_equal(numbers.chosen, np.arange(shape[0]))
    np.testing.assert_allclose(numbers.means, exact.mean(axis=(1, 2)))
    np.testing.assert_allclose(numbers.variances, exact.var(axis=(1, 2)))
    np.testing.assert_allclose(numbers.deviations, exact.std(axis=(0, 1, 2)))
    np.testing.assert_allclose(numbers.brightness, exact.mean(axis=(1, 2, 3)))


def test_an_image_of_one_colour_has_no_contrast():
    red = np.zeros((1, 9, 9, 3), np.uint8)
    red[..., 0] = 255
    assert pixel_numbers(red).contrast == 0


def test_grey_is_what_has_the_same_value_in_every_channel():
    images = np.random.default_rng(0).integers(0, 256, (3, 6, 6, 3), dtype=np.uint8)
    images[1] = images[1, :, :, :1]
    assert pixel_numbers(images).grey.tolist() == [False, True, False]
    assert not pixel_numbers(images[..., :1]).grey.any()


def test_of_many_images_some_are_looked_at(monkeypatch):
    images = np.arange(100, dtype=np.uint8)[:, np.newaxis, np.newaxis, np.newaxis] * np.ones((1, 2, 2, 1), np.uint8)
    monkeypatch.setattr(pixels, "MOST", 34 * 4)
    numbers = pixel_numbers(images)
    np.testing.assert_array_equal(numbers.chosen, np.arange(100, step=3))
    np.testing.assert_allclose(255 * numbers.brightness, numbers.chosen)


def test_a_memory_map_is_read_too(tmp_path):
    np.save(tmp_path / "images.npy", np.full((5, 4, 4, 3), 51, np.uint8))
    images = np.load(tmp_path / "images.npy", mmap_mode="r")
    np.testing.assert_allclose(pixel_numbers(images).means, 0.2)
