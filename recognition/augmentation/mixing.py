"""Mixup and CutMix: every image gets a share of another one, and the same share of its label.

H. Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018. S. Yun et al., "CutMix: Regularization Strategy to
Train Strong Classifiers with Localizable Features", 2019. Both draw one share for a batch; here each image has its own.
"""

from __future__ import annotations

import tensorflow as tf

from recognition.augmentation.boxes import box_masks
from recognition.augmentation.plan import AugmentationPlan


def mix(images: tf.Tensor, targets: tf.Tensor, plan: AugmentationPlan, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mix each image with its successor in a random order of the batch; an only image mixes with itself.

    Args:
        images: float32, (b, height, width, channels), 0–255.
        targets: float32, (b, classes).
        plan: Alpha of mixup and of cutmix. With both, each image gets one of them, with probability 1/2.
        seed: int32, (2,).

    Returns:
        Images and targets, of the same dtypes and shapes.
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 2, alg="philox"))
    batch = tf.shape(images)[0]
    partners = tf.argsort(tf.random.stateless_uniform([batch], seeds[0], alg="philox"))
    kept = _kept_shares(plan, batch, seeds[1])
    kept_of_label = tf.reduce_mean(kept, axis=(1, 2, 3))[:, None]
    return _mixed(images, partners, kept), _mixed(targets, partners, kept_of_label)


def beta(alpha: float, batch: int | tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draw from Beta(alpha, alpha), exactly.

    A quotient g1 / (g1 + g2) of gamma variates is 0 / 0 where a small alpha lets both underflow, so it is taken of
    their logarithms, with gamma(alpha) = gamma(alpha + 1) · uniform^(1 / alpha) (G. Marsaglia and W. Tsang, "A Simple
    Method for Generating Gamma Variables", 2000).

    Args:
        alpha: Above 0.
        batch: Number of draws.
        seed: int32, (2,).

    Returns:
        float32, (b,), 0–1.
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 2, alg="philox"))
    gamma = tf.random.stateless_gamma((batch, 2), seeds[0], alpha + 1)
    uniform = 1 - tf.random.stateless_uniform((batch, 2), seeds[1], alg="philox")  # above 0
    logarithms = tf.math.log(gamma) + tf.math.log(uniform) / alpha
    return tf.sigmoid(logarithms[:, 0] - logarithms[:, 1])


def _kept_shares(plan: AugmentationPlan, batch: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """What is kept of each image: float32, (b, height or 1, width or 1, 1)."""
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 3, alg="philox"))
    if not plan.options.cutmix:
        return _kept_by_mixup(plan, batch, seeds[0])
    if not plan.options.mixup:
        return _kept_by_cutmix(plan, batch, seeds[1])
    choice = tf.random.stateless_uniform((batch, 1, 1, 1), seeds[2], alg="philox") < 0.5
    return tf.where(choice, _kept_by_mixup(plan, batch, seeds[0]), _kept_by_cutmix(plan, batch, seeds[1]))


def _kept_by_mixup(plan: AugmentationPlan, batch: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    return beta(plan.options.mixup, batch, seed)[:, None, None, None]


def _kept_by_cutmix(plan: AugmentationPlan, batch: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    height, width, _ = plan.image_shape
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 2, alg="philox"))
    side = tf.sqrt(1 - beta(plan.options.cutmix, batch, seeds[0]))
    return 1 - tf.cast(box_masks(plan, tf.floor(height * side), tf.floor(width * side), seeds[1]), tf.float32)


def _mixed(values: tf.Tensor, partners: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
    return kept * values + (1 - kept) * tf.gather(values, partners)
