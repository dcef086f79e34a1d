"""A model's probabilities for many images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recognition.data.encoded_images import Images

if TYPE_CHECKING:
    import keras

BATCH_PIXELS = 512_000  # 500 images of 32x32, whose activations take some hundred megabytes in a small network


def fitting_batch(shape: tuple[int, ...]) -> int:
    """How many images of a shape, (…, height, width, channels), to score at a time: 500 of CIFAR's, fewer of larger."""
    return max(1, min(500, BATCH_PIXELS // (shape[-3] * shape[-2])))


def predict(model: keras.Model, images: Images, batch_size: int | None = None) -> NDArray[np.float32]:
    """Run a model over images, in inference mode and in the images' order.

    One graph of one fixed batch shape serves every batch; the last one is padded with black images, whose results
    are dropped. Besides the answer, no more than one batch is copied.

    Args:
        model: A Keras model: raw uint8 images in, (n, classes) out.
        images: uint8, (n, height, width, channels), may be memory-mapped or encoded.
        batch_size: Images a batch, 1 or more; None for `fitting_batch`.

    Returns:
        float32, (n, classes).
    """
    batch_size = batch_size or fitting_batch(images.shape)
    forward = compiled(model, (batch_size, *images.shape[1:]))
    answers = np.empty((len(images), model.output_shape[-1]), np.float32)
    batch = np.zeros((batch_size, *images.shape[1:]), np.uint8)
    for start in range(0, len(images), batch_size):
        count = min(batch_size, len(images) - start)
        batch[:count] = images[start : start + count]
        batch[count:] = 0
        answers[start : start + count] = forward(batch).numpy()[:count]
    return answers


def compiled(model: keras.Model, shape: tuple[int | None, ...]) -> Any:
    """The model as one graph, in inference mode.

    Args:
        model: A Keras model: raw uint8 images in, (n, classes) out.
        shape: Of the batches: (n, height, width, channels); n may be None, for batches of any size.

    Returns:
        A function of a uint8 batch, whose answer is a float32 tensor.
    """
    import tensorflow as tf

    # a softmax in half precision would not sum to 1, yet its numbers must still come out as float32
    return tf.function(
        lambda batch: tf.cast(model(batch, training=False), tf.float32),
        input_signature=[tf.TensorSpec(shape, tf.uint8)],
    )
