import numpy as np
import pytest
import tensorflow as tf

from recognition.training.loss import negative_log_likelihoods, training_losses

CLASSES = 4
GENERATOR = np.random.default_rng(0)
LOGITS = GENERATOR.normal(size=(6, CLASSES)).astype(np.float32) * 3
WEIGHTS = np.array([0.2, 5.0, 1.0, 0.0], np.float32)
HARD = np.eye(CLASSES, dtype=np.float32)[[0, 1, 2, 3, 1, 0]]
MIXED = GENERATOR.dirichlet(np.ones(CLASSES), 6).astype(np.float32)

each_target = pytest.mark.parametrize("targets", [HARD, MIXED], ids=["hard", "mixed"])
each_smoothing = pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])


def class_by_class(targets, logits, weights, smoothing):
    """The definition, with Keras' cross-entropy for each class apart."""
    losses = 0
    for label in range(CLASSES):
        smoothed = tf.one_hot([label] * len(targets), CLASSES) * (1 - smoothing) + smoothing / CLASSES
        cross_entropy = tf.keras.losses.categorical_crossentropy(smoothed, logits, from_logits=True)
        losses += targets[:, label] * weights[label] * cross_entropy
    return losses


def with_gradient(loss, targets, weights, smoothing):
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = loss(targets, logits, weights, smoothing)
        total = tf.reduce_mean(losses)
    return losses.numpy(), tape.gradient(total, logits).numpy()


@each_target
@each_smoothing
def test_loss_and_gradient_are_the_weighted_sums_over_classes(targets, smoothing):
    ours = with_gradient(training_losses, targets, WEIGHTS, smoothing)
    theirs = with_gradient(class_by_class, targets, WEIGHTS, smoothing)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-4, atol=1e-6)


@each_target
def test_without_weights_and_smoothing_it_is_cross_entropy(targets):
    expected = tf.nn.softmax_cross_entropy_with_logits(targets, LOGITS)
    np.testing.assert_allclose(training_losses(targets, LOGITS, np.ones(CLASSES, np.float32), 0.0), expected, rtol=1e-5)
    np.testing.assert_allclose(negative_log_likelihoods(targets, LOGITS), expected, rtol=1e-5)


def test_a_class_without_weight_is_free():
    losses, gradient = with_gradient(training_losses, HARD, WEIGHTS, 0.1)
    assert losses[3] == 0
    np.testing.assert_array_equal(gradient[3], 0)


@each_target
def test_far_logits_stay_finite(targets):
    assert np.isfinite(training_losses(targets, LOGITS * 1e4, WEIGHTS, 0.1)).all()
