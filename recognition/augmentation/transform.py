"""All that happens to a batch of training images at random, each image by its own draw, in its order."""

from __future__ import annotations

import tensorflow as tf

from recognition.augmentation.color import jitter_colors
from recognition.augmentation.crop import random_crop
from recognition.augmentation.cutout import cutout
from recognition.augmentation.geometry import apply_transforms, draw_transforms
from recognition.augmentation.mixing import mix
from recognition.augmentation.plan import AugmentationPlan
from recognition.augmentation.rand_augment import rand_augment

fold_in = tf.random.experimental.stateless_fold_in


def step_seed(seed: int | tf.Tensor, epoch: int | tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
    """The seed of one training step, a stateless function of its arguments.

    Args:
        seed: The run's seed, 0 or more and below 2**31.
        epoch: Number of the epoch.
        step: Number of the step within the epoch.

    Returns:
        int32, (2,).
    """
    run = tf.stack([tf.cast(seed, tf.int32), 0])
    return fold_in(fold_in(run, tf.cast(epoch, tf.int32), alg="philox"), tf.cast(step, tf.int32), alg="philox")


def augment(
    images: tf.Tensor, targets: tf.Tensor, plan: AugmentationPlan, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Change every image at random, as the plan allows, and its target where images are mixed.

    What the plan does not ask for costs nothing, and does not change the draws of the rest.

    Args:
        images: uint8 or float32, (b, height, width, channels), 0–255.
        targets: float32, (b, classes), rows that sum to 1.
        plan: Which changes, and how far.
        seed: int32, (2,), see `step_seed`; the same seed gives the same result.

    Returns:
        Images, float32, (b, height, width, channels), 0–255, and targets, float32, (b, classes).
    """
    options = plan.options
    if options.random_crop:
        images = random_crop(images, plan, fold_in(seed, 1, alg="philox"))
    if plan.moves_images:
        images = apply_transforms(images, draw_transforms(plan, tf.shape(images)[0], seed), plan)
    images, targets = tf.cast(images, tf.float32), tf.cast(targets, tf.float32)
    if options.rand_augment:
        images = rand_augment(images, plan, fold_in(seed, 2, alg="philox"))
    if plan.changes_colors:
        images = jitter_colors(images, plan, fold_in(seed, 3, alg="philox"))
    if options.cutout:
        images = cutout(images, plan, fold_in(seed, 4, alg="philox"))
    if plan.mixes_images:
        images, targets = mix(images, targets, plan, fold_in(seed, 5, alg="philox"))
    return images, targets
