import keras
import numpy as np
import pytest

from recognition.networks import wide_resnet16_4


def parameters(classes, channels):
    """Those that train, by hand: a norm has a scale and an offset for each channel."""
    total, before = 9 * channels * 16, 16
    for width in (64, 128, 256):
        total += before * width  # the shortcut
        total += 9 * before * width + 3 * 9 * width * width + 2 * before + 3 * 2 * width
        before = width
    return total + 2 * 256 + 256 * classes + classes


@pytest.fixture(scope="module")
def network():
    return wide_resnet16_4.build((32, 32, 3), 10)


def test_the_number_of_parameters_is_that_of_the_literature(network):
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == 2_748_890
    assert parameters(classes=10, channels=3) == 2_748_890


def test_channels_and_classes_change_the_ends_only():
    network = wide_resnet16_4.build((8, 8, 1), 100)
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == parameters(100, 1)


def test_norm_and_activation_come_before_each_convolution_but_the_first(network):
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    inputs = [layer.input for layer in convolutions if layer.kernel_size == (1, 1)]
    inputs += [layer.input for layer in network.layers if isinstance(layer, keras.layers.ZeroPadding2D)][1:]
    assert len(inputs) == len(convolutions) - 1
    for tensor in inputs:
        activation = tensor._keras_history.operation
        assert activation.activation is keras.activations.relu
        assert isinstance(activation.input._keras_history.operation, keras.layers.BatchNormalization)


def test_two_groups_halve_the_sides(network):
    features = keras.Model(network.input, network.layers[-3].output)(np.zeros((1, 32, 32, 3), np.float32))
    assert features.shape == (1, 8, 8, 256)
