import numpy as np
import pytest
import tensorflow as tf

from recognition.augmentation.resize import resize


@pytest.mark.parametrize("shape", [(3, 32, 32, 3), (2, 28, 20, 1)])
@pytest.mark.parametrize("size", [8, 20, 32, 40])
def test_it_is_tensorflows_antialiased_resizing(shape, size):
    images = np.random.default_rng(size).normal(size=shape).astype(np.float32)
    expected = tf.image.resize(images, (size, size), antialias=True)
    np.testing.assert_allclose(resize(tf.constant(images), size), expected, atol=1e-5)


def test_in_a_graph_the_number_of_images_may_stay_open():
    graph = tf.function(lambda images: resize(images, 4), input_signature=[tf.TensorSpec((None, 8, 8, 2))])
    assert graph(tf.zeros((5, 8, 8, 2))).shape == (5, 4, 4, 2)
