"""Cutout: T. DeVries and G. Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017."""

from __future__ import annotations

import tensorflow as tf

from recognition.augmentation.boxes import box_masks
from recognition.augmentation.plan import AugmentationPlan


def cutout(images: tf.Tensor, plan: AugmentationPlan, seed: tf.Tensor) -> tf.Tensor:
    """Erase a square of each image, wholly or partly inside it, with what the network sees as zero.

    That is the training mean with featurewise_center, else black.

    Args:
        images: float32, (b, height, width, channels), 0–255.
        plan: The square's side, and the training mean.
        seed: int32, (2,). The draw of an image depends on it and on the image's place in the batch only.

    Returns:
        float32, (b, height, width, channels), 0–255.
    """
    sides = tf.fill([tf.shape(images)[0]], float(plan.cutout_side))
    erased = 255 * tf.constant(plan.mean or [0.0] * plan.image_shape[2], tf.float32)
    return tf.where(box_masks(plan, sides, sides, seed), erased, images)
