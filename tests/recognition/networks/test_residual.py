import keras
import numpy as np
import pytest

from recognition.networks.residual import convolution, norm_and_activation


def applied(layers, image):
    inputs = keras.Input(image.shape)
    network = keras.Model(inputs, layers(inputs))
    for weight in network.trainable_weights:
        weight.assign(np.ones(weight.shape))
    return network(image[np.newaxis]).numpy()[0]


@pytest.mark.parametrize("side", [6, 7])
def test_a_strided_convolution_is_centred_where_the_shortcut_looks(side):
    image = np.arange(side * side, dtype=np.float32).reshape(side, side, 1)
    shortcut = applied(lambda x: convolution(x, 1, size=1, stride=2), image)
    sums = applied(lambda x: convolution(x, 1, stride=2), image)
    assert shortcut.shape == sums.shape
    np.testing.assert_allclose(sums[1:3, 1:3], 9 * shortcut[1:3, 1:3])


@pytest.mark.parametrize(("size", "inputs"), [(3, 64), (1, 576)])
def test_initial_kernels_have_he_variance(size, inputs):
    image = keras.Input((8, 8, inputs))
    kernel = keras.Model(image, convolution(image, 256, size=size)).get_weights()[0]
    assert kernel.std() == pytest.approx(np.sqrt(2 / (size * size * inputs)), rel=0.02)


def test_norm_and_activation_leave_the_better_half():
    pixels = np.random.default_rng(0).normal(5, 3, (64, 4, 4, 1)).astype(np.float32)
    inputs = keras.Input((4, 4, 1))
    active = keras.Model(inputs, norm_and_activation(inputs))(pixels, training=True).numpy()
    expected = np.maximum((pixels - pixels.mean()) / pixels.std(), 0)
    np.testing.assert_allclose(active, expected, atol=1e-4)
