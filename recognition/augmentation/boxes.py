"""Boxes at random places of images, each image's of its own."""

from __future__ import annotations

import tensorflow as tf

from recognition.augmentation.plan import AugmentationPlan


def box_masks(plan: AugmentationPlan, heights: tf.Tensor, widths: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Put the middle of each box on a pixel drawn uniformly; what sticks out of the image is cut off.

    Args:
        plan: Its image shape.
        heights: float32, (b,), whole numbers of pixels.
        widths: Likewise.
        seed: int32, (2,).

    Returns:
        bool, (b, height, width, 1), true inside the box.
    """
    height, width, _ = plan.image_shape
    places = tf.random.stateless_uniform((tf.shape(heights)[0], 2), seed, alg="philox")
    rows, columns = _covered(height, places[:, 0], heights), _covered(width, places[:, 1], widths)
    return (rows[:, :, None] & columns[:, None, :])[..., None]


def _covered(size: int, places: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    pixels = tf.range(size, dtype=tf.float32)
    first = tf.floor(places * size) - tf.floor(lengths / 2)
    return (pixels >= first[:, None]) & (pixels < (first + lengths)[:, None])
