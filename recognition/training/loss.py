"""The training loss: cross-entropy of mixed, smoothed and weighted targets."""

from __future__ import annotations

import tensorflow as tf


def training_losses(targets: tf.Tensor, logits: tf.Tensor, class_weights: tf.Tensor, smoothing: float) -> tf.Tensor:
    """The loss of each image: sum over classes c of target_c · weight_c · CE(smoothed one-hot of c, logits).

    A row of weighted targets sums to the image's weight, not to 1. `tf.nn.softmax_cross_entropy_with_logits` has a
    wrong gradient for such rows: it takes softmax - targets where it should be sum(targets) · softmax - targets. The
    gradient of log-softmax is right for any rows.

    Args:
        targets: float32, (b, classes), rows that sum to 1.
        logits: float32, (b, classes).
        class_weights: float32, (classes,).
        smoothing: Share of each class's target that is spread over all classes (C. Szegedy et al., "Rethinking the
            inception architecture for computer vision", 2016).

    Returns:
        float32, (b,), nats.
    """
    weighted = targets * class_weights
    spread = tf.reduce_mean(weighted, axis=1, keepdims=True)
    return negative_log_likelihoods(weighted * (1 - smoothing) + spread * smoothing, logits)


def negative_log_likelihoods(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """-sum over classes of target · log softmax(logits), nats, float32, (b,), for targets of any sum."""
    return -tf.reduce_sum(targets * tf.nn.log_softmax(logits), axis=1)
