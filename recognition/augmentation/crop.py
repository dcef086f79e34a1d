"""Random crops of images with a mirrored border, each image at a place of its own."""

from __future__ import annotations

import tensorflow as tf

from recognition.augmentation.geometry import compiled
from recognition.augmentation.plan import AugmentationPlan


def random_crop(images: tf.Tensor, plan: AugmentationPlan, seed: tf.Tensor) -> tf.Tensor:
    """Mirror a border around each image, the edge pixels not repeated, and cut a crop of the old size out of it.

    The border of 4 pixels that CIFAR's images get in K. He et al., "Deep Residual Learning for Image Recognition",
    2016, is black there; a mirrored one shows the network nothing that images do not have.

    Args:
        images: uint8 or float32, (b, height, width, channels).
        plan: Its `random_crop` is the border's width in pixels, below height and width.
        seed: int32, (2,). The draw of an image depends on it and on the image's place in the batch only.

    Returns:
        Of the images' dtype and shape: whole pixels of theirs, every place equally likely.
    """
    border = plan.options.random_crop
    offsets = tf.random.stateless_uniform(
        (tf.shape(images)[0], 2), seed, -border, border + 1, dtype=tf.int32, alg="philox"
    )
    images = tf.convert_to_tensor(images)
    return tf.ensure_shape(compiled(_cut)(images, offsets), images.shape)


def _cut(images: tf.Tensor, offsets: tf.Tensor) -> tf.Tensor:
    # whole rows are gathered several times as fast as single pixels, so the columns become rows for a while
    cut = tf.transpose(_cut_rows(images, offsets[:, 0]), (0, 2, 1, 3))
    return tf.transpose(_cut_rows(cut, offsets[:, 1]), (0, 2, 1, 3))


def _cut_rows(images: tf.Tensor, offsets: tf.Tensor) -> tf.Tensor:
    last = images.shape[1] - 1
    rows = tf.abs(tf.range(last + 1) + offsets[:, None])
    return tf.gather(images, last - tf.abs(last - rows), axis=1, batch_dims=1)
