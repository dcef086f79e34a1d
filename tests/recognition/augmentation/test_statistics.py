import numpy as np
import pytest
import tensorflow as tf

from recognition.augmentation.statistics import channel_moments, zca_matrix
from recognition.errors import InputError


@pytest.fixture(scope="module")
def fitted(small_photographs):
    def fit(**options):
        generator = tf.keras.preprocessing.image.ImageDataGenerator(dtype="float64", **options)
        generator.fit(small_photographs / 255)
        return generator

    return fit


def test_moments_are_those_of_keras(small_photographs, fitted):
    generator = fitted(featurewise_center=True, featurewise_std_normalization=True)
    mean, std = channel_moments(small_photographs)
    np.testing.assert_allclose(mean, generator.mean.ravel(), rtol=1e-12)
    np.testing.assert_allclose(std, generator.std.ravel(), rtol=1e-12)


@pytest.mark.parametrize("shape", [(700, 5, 9, 1), (3, 300, 200, 3), (1, 1, 1, 3)])
def test_moments_hold_for_any_shape_and_many_chunks(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    mean, std = channel_moments(images)
    np.testing.assert_allclose(mean, (images / 255).mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, (images / 255).std(axis=(0, 1, 2)), rtol=1e-9)


def test_moments_of_white_images_are_exact():
    mean, std = channel_moments(np.full((1000, 4, 4, 3), 255, np.uint8))
    assert mean.tolist() == [1, 1, 1]
    assert std.tolist() == [0, 0, 0]


def test_whitening_matrix_is_that_of_keras(small_photographs, fitted):
    generator = fitted(featurewise_center=True, zca_whitening=True)
    ours = zca_matrix(small_photographs, channel_moments(small_photographs)[0])
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, generator.zca_whitening_matrix, atol=1e-6 * np.abs(ours).max())


def test_whitened_images_have_unit_covariance(small_photographs):
    mean, _ = channel_moments(small_photographs)
    centred = (small_photographs / 255 - mean).reshape(len(small_photographs), -1)
    white = centred @ zca_matrix(small_photographs, mean)
    np.testing.assert_allclose(white.T @ white / len(white), np.eye(108), atol=1e-3)


def test_pixels_that_never_vary_are_not_blown_up():
    images = np.random.default_rng(0).integers(0, 256, (500, 4, 4, 1), dtype=np.uint8)
    images[:, 0] = 0
    matrix = zca_matrix(images, channel_moments(images)[0])
    assert np.abs(matrix).max() < 20


def test_no_images_are_refused():
    with pytest.raises(InputError, match="no training images"):
        channel_moments(np.zeros((0, 4, 4, 3), np.uint8))


def test_whitening_of_images_larger_than_cifar100_is_refused():
    with pytest.raises(InputError, match=r"33 × 32 × 3 = 3,168 values[^$]+CIFAR-100's 3,072 values is the largest"):
        zca_matrix(np.zeros((4000, 33, 32, 3), np.uint8), np.zeros(3))


def test_whitening_of_fewer_images_than_values_is_refused(photographs):
    with pytest.raises(InputError, match=r"40 images[^$]+3,072 or more"):
        zca_matrix(photographs, np.zeros(3))
