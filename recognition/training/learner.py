"""A network that learns: its compiled steps, and its state as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from recognition.augmentation.plan import AugmentationPlan
from recognition.augmentation.preprocessing import build_preprocessing, preprocess
from recognition.augmentation.transform import augment
from recognition.configuration.schema import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.networks import build_network, initialize_network
from recognition.training.checkpoint import Arrays
from recognition.training.class_weights import class_weights
from recognition.training.device import Device
from recognition.training.loss import negative_log_likelihoods, training_losses
from recognition.training.optimization import build_optimizer


class Learner:
    """Network, optimizer and compiled steps, built once for a training.

    Args:
        dataset: Its training images initialize a network that asks for them, and are counted for class weights.
        plan: Augmentation and normalization.
        config: The recipe.
        device: Where to compute, and at which precision.

    Attributes:
        network: Normalized images in, logits out.
        class_weights: How much each class counts in the loss, float32, (classes,).
    """

    def __init__(self, dataset: ImageDataset, plan: AugmentationPlan, config: TrainConfig, device: Device) -> None:
        keras.utils.set_random_seed(config.seed)
        if config.deterministic:
            tf.config.experimental.enable_op_determinism()
        self._plan, self._smoothing, self._classes = plan, config.label_smoothing, len(dataset.classes)
        counts = dataset.splits["train"].counts(self._classes)
        self.class_weights = class_weights(config.class_weights, counts, dataset.classes)
        self._address, self._average_mirrored = device.address, config.average_mirrored
        with tf.device(device.address), _dtype_policy(device.precision):
            self._preprocessing = build_preprocessing(plan, "float32")  # augmented pixels are not whole
            self.network = build_network(config.network, plan.image_shape, self._classes)
            initialize_network(self.network, self._preprocessing, dataset.splits["train"].images)
            self._optimizer = build_optimizer(config, device.precision)
            self._optimizer.build(self.network.trainable_variables)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        return float(self._optimizer.learning_rate.numpy())

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._optimizer.learning_rate = value

    @tf.function(autograph=False)
    def learn(
        self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, seed: tf.Tensor, size: int | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Take one step; each size has a graph of its own, as one for all would be slower.

        Args:
            images: uint8, (b, height, width, channels).
            labels: int32, (b,).
            weights: float32, (b,), how much each image counts.
            seed: int32, (2,), of the augmentation.
            size: Pixels a side that the network sees; None for those that there are.

        Returns:
            Summed negative log-likelihood of the targets as they were mixed, without weights and smoothing, and number
            of hits on their larger shares; float32 scalars, before the step.
        """
        with tf.device(self._address):
            images, targets = augment(images, tf.one_hot(labels, self._classes), self._plan, seed)
            inputs = self._preprocessing(images)
            if size is not None:
                inputs = tf.image.resize(inputs, (size, size), antialias=True)
            with tf.GradientTape() as tape:
                logits = self.network(inputs, training=True)
                losses = training_losses(targets, logits, self.class_weights, self._smoothing)
                scaled = self._optimizer.scale_loss(tf.reduce_mean(losses * weights))
            variables = self.network.trainable_variables
            self._optimizer.apply(tape.gradient(scaled, variables), variables)
            hits = tf.argmax(logits, axis=1) == tf.argmax(targets, axis=1)
            return tf.reduce_sum(negative_log_likelihoods(targets, logits)), tf.reduce_sum(tf.cast(hits, tf.float32))

    @tf.function(autograph=False)
    def score(self, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Score images without learning, as the inference model would.

        Args:
            images: uint8, (b, height, width, channels).
            labels: int32, (b,).

        Returns:
            Summed negative log-likelihood, a float32 scalar, and the predicted labels, int32, (b,).
        """
        with tf.device(self._address):
            pixels = tf.cast(images, tf.float32)
            logits = self.network(self._preprocessing(pixels), training=False)
            if self._average_mirrored:
                mirrored = self.network(self._preprocessing(tf.reverse(pixels, [2])), training=False)
                logits = (logits + mirrored) / 2
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            return tf.reduce_sum(losses), tf.argmax(logits, axis=1, output_type=tf.int32)

    def weights(self) -> Arrays:
        """A copy of the network's variables, those of its dropout generators included."""
        return _copies(self.network.variables)

    def load_weights(self, arrays: Arrays) -> None:
        """Set the network's variables to what `weights` returned."""
        _assign(self.network.variables, arrays)

    def state(self) -> dict[str, Arrays]:
        """All that the next step depends on, but for the data."""
        return {"network": self.weights(), "optimizer": _copies(self._optimizer.variables)}

    def load_state(self, state: Mapping[str, Arrays]) -> None:
        """Go on from what `state` returned."""
        self.load_weights(state["network"])
        _assign(self._optimizer.variables, state["optimizer"])

    def inference_model(self) -> keras.Model:
        """The network with its preprocessing in front and softmax behind; it shares the weights.

        Where the recipe asks for it, the logits of an image and its mirror image are averaged, as in K. Jordan's
        cifar10-airbench.

        Returns:
            A model of built-in layers: uint8 (n, height, width, channels) in, float32 probabilities (n, classes) out.
        """
        images = keras.Input(self._plan.image_shape, dtype="uint8", name="images")
        if self._average_mirrored:
            preprocessing = build_preprocessing(self._plan)
            mirrored = self.network(preprocessing(keras.ops.flip(images, axis=2)))
            logits = keras.layers.Average(dtype="float32")([self.network(preprocessing(images)), mirrored])
        else:
            logits = self.network(preprocess(images, self._plan))
        probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
        return keras.Model(images, probabilities, name=self.network.name)


def _copies(variables: Iterable[Any]) -> Arrays:
    return [np.array(variable.numpy()) for variable in variables]


def _assign(variables: Iterable[Any], arrays: Arrays) -> None:
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


@contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    """Build layers under a dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
