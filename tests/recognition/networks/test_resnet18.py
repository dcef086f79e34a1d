import keras
import numpy as np
import pytest

from recognition.networks import resnet18


def parameters(classes, channels):
    """Those that train, by hand: a norm has a scale and an offset for each channel."""
    stem = 9 * channels * 64 + 2 * 64
    groups = 4 * (9 * 64 * 64 + 2 * 64)
    for width in (128, 256, 512):
        groups += width // 2 * width + 2 * width  # the shortcut
        groups += 9 * width // 2 * width + 3 * 9 * width * width + 4 * 2 * width
    return stem + groups + 512 * classes + classes


@pytest.fixture(scope="module")
def network():
    return resnet18.build((32, 32, 3), 10)


def test_the_number_of_parameters_is_that_of_the_literature(network):
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == 11_173_962
    assert parameters(classes=10, channels=3) == 11_173_962


def test_channels_and_classes_change_the_ends_only():
    network = resnet18.build((8, 8, 1), 100)
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == parameters(100, 1)


def test_there_are_eighteen_layers_besides_the_shortcuts(network):
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert sum(layer.kernel_size == (3, 3) for layer in convolutions) + 1 == 18
    assert sum(layer.kernel_size == (1, 1) for layer in convolutions) == 3
    assert not any(layer.use_bias for layer in convolutions)


def test_three_groups_halve_the_sides(network):
    features = keras.Model(network.input, network.layers[-3].output)(np.zeros((1, 32, 32, 3), np.float32))
    assert features.shape == (1, 4, 4, 512)
