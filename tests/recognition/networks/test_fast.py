import keras
import numpy as np
import pytest

from recognition.networks import fast


@pytest.fixture(scope="module")
def network():
    return fast.build("fast", (32, 32, 3), 100)


@pytest.fixture(scope="module")
def images():
    """Correlated colour images, centred."""
    from sklearn.datasets import load_sample_images

    photograph = load_sample_images().images[0][:416, :640] / 255
    cut = photograph.reshape(13, 32, 20, 32, 3).swapaxes(1, 2).reshape(-1, 32, 32, 3)
    return ((cut - cut.mean(axis=(0, 1, 2))) / cut.std(axis=(0, 1, 2))).astype(np.float32)


@pytest.fixture(scope="module")
def whitened(network, images):
    fast.whiten(network, images)
    kernel = network.get_layer("whitening").get_weights()[0]
    patches = np.lib.stride_tricks.sliding_window_view(images, (2, 2), axis=(1, 2))
    return np.einsum("nyxcij,ijcd->nyxd", patches, kernel).reshape(-1, 24)


def test_shape_and_number_of_parameters(network):
    assert network.output_shape == (None, 100)
    assert network.count_params() == 1_998_112


def test_smaller_images_fit_the_network_of_larger_ones(network, images):
    small = images[:4, :20, :20]
    assert network(small).shape == (4, 100)


def test_whitening_makes_patches_white(whitened):
    white = whitened[:, :12]
    covariance = white.T @ white / len(white)
    off_diagonal = covariance - np.diag(np.diag(covariance))
    np.testing.assert_allclose(off_diagonal, 0, atol=5e-3)
    assert np.diag(covariance).max() <= 1.001
    np.testing.assert_allclose(np.sort(np.diag(covariance))[6:], 1, atol=0.1)


def test_whitening_has_both_signs_of_each_direction(whitened):
    np.testing.assert_allclose(whitened[:, 12:], -whitened[:, :12], atol=1e-5)


def test_the_layer_does_what_was_computed_by_hand(network, images, whitened):
    ours = network.get_layer("whitening")(images[:5]).numpy().reshape(-1, 24)
    np.testing.assert_allclose(ours, whitened[: len(ours)], atol=1e-4)


def test_images_of_one_colour_stay_finite():
    network = fast.build("fast", (8, 8, 1), 10)
    fast.whiten(network, np.zeros((4, 8, 8, 1), np.float32))
    assert np.isfinite(network.get_layer("whitening").get_weights()[0]).all()


def test_whitening_is_frozen(network):
    whitening = network.get_layer("whitening")
    assert whitening.trainable_weights == []
    assert not {id(weight) for weight in whitening.weights} & {id(weight) for weight in network.trainable_weights}


def test_small_images_are_not_pooled_away():
    network = fast.build("fast", (8, 8, 1), 10)
    assert network.get_layer("head").input.shape == (None, 256)
    assert sum(isinstance(layer, keras.layers.MaxPooling2D) for layer in network.layers) == 1
    assert network(np.zeros((2, 8, 8, 1))).shape == (2, 10)
