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
from recognition.augmentation.resize import resize
from recognition.augmentation.transform import augment
from recognition.configuration.sections.train import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.networks import build_network, initialize_network
from recognition.training.averages import Averages
from recognition.training.checkpoint import Arrays
from recognition.training.class_weights import class_weights
from recognition.training.device import Device
from recognition.training.distribution import Distribution, synchronize_norms
from recognition.training.fine_tuning import depth_factors, freeze_body, require_whole_body, unfreeze
from recognition.training.gpu import out_of_memory_error
from recognition.training.gradients import Gradients
from recognition.training.initialization import Initial, initialize_from
from recognition.training.loss import negative_log_likelihoods, training_losses
from recognition.training.optimization import build_optimizer


class Learner:
    """Network, optimizer and compiled steps, built once for a training.

    Args:
        dataset: Its training images initialize a network that asks for them, and are counted for class weights.
        plan: Augmentation and normalization.
        config: The recipe.
        device: Where to compute, and at which precision.
        distribution: Which devices share a batch; None for one device.
        initial: Weights to begin with; None for random ones.

    Attributes:
        network: Normalized images in, logits out.
        class_weights: How much each class counts in the loss, float32, (classes,).
        loaded: What became of the initial weights; None where there are none.
        replicas: Number of devices that share a batch.
        gpus: Number of GPUs among them in this process.
    """

    def __init__(
        self,
        dataset: ImageDataset,
        plan: AugmentationPlan,
        config: TrainConfig,
        device: Device,
        distribution: Distribution | None = None,
        initial: Initial | None = None,
    ) -> None:
        keras.utils.set_random_seed(config.seed)
        if config.deterministic:
            tf.config.experimental.enable_op_determinism()
        self._plan, self._config, self._classes = plan, config, len(dataset.classes)
        self._precision = device.precision
        counts = dataset.splits["train"].counts(self._classes)
        self.class_weights = class_weights(config.class_weights, counts, dataset.classes)
        self.replicas = distribution.replicas if distribution else 1
        self.gpus = (distribution.local_devices if distribution else 1) if device.address.startswith("/GPU") else 0
        self._strategy = distribution.strategy if distribution else tf.distribute.get_strategy()
        self._address = device.address if self.replicas == 1 else None  # else the strategy places
        with self._placed(), _dtype_policy(device.precision):
            self._preprocessing = build_preprocessing(plan, "float32")  # augmented pixels are not whole
            self.network = build_network(config.network, plan.image_shape, self._classes)
            initialize_network(self.network, self._preprocessing, dataset.splits["train"].images)
            self.loaded = (
                initialize_from(self.network, initial.source, dataset.classes, initial.classes) if initial else None
            )
            if self.replicas > 1:
                synchronize_norms(self.network)
            self._variables = self.network.trainable_variables  # those that are ever trained
            self._optimizer = self._built_optimizer()
            self._gradients = Gradients(self._variables, config.accumulate, config.clip_norm, self.replicas)
            self._averages = Averages(self._variables, config.ema) if config.ema else None
        self._frozen = self._frozen_layers()

    def _built_optimizer(self) -> keras.Optimizer:
        decay = self._config.layer_decay
        factors = None if decay is None else depth_factors(self.network, decay)
        optimizer = build_optimizer(self._config, self._precision, factors)
        optimizer.build(self._variables)
        return optimizer

    def _frozen_layers(self) -> list[keras.layers.Layer]:
        if not self._config.freeze:
            return []
        if self.loaded is not None:  # else the state that the training goes on from brings every layer
            require_whole_body(self.loaded)
        return freeze_body(self.network)

    def begin(self, epoch: int) -> None:
        """Let frozen layers learn from the epoch on at which the recipe says so; epochs count from 1."""
        if self._frozen and self._config.unfreeze_at is not None and epoch >= self._config.unfreeze_at:
            unfreeze(self._frozen)
            self._frozen = []

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        return float(self._optimizer.learning_rate.numpy())

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._optimizer.learning_rate = value

    def learn(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        weights: tf.Tensor,
        seed: tf.Tensor,
        size: int | None = None,
        complete: bool = True,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Learn a batch.

        Every device augments the whole batch, so that the draws do not depend on their number, and learns its share.

        Args:
            images: uint8, (b, height, width, channels).
            labels: int32, (b,).
            weights: float32, (b,), how much each image counts.
            seed: int32, (2,), of the augmentation.
            size: Pixels a side that the network sees; None for those that there are.
            complete: Whether the step is taken now; else the gradients wait for those of the next batch.

        Returns:
            Summed negative log-likelihood of the targets as they were mixed, without weights and smoothing, and number
            of hits on their larger shares; float32 scalars, before the step.

        Raises:
            TrainingError: The batch does not fit the device's memory.
        """
        try:
            loss, hits = self._learn(images, labels, weights, seed, size, complete, bool(self._frozen))
        except tf.errors.ResourceExhaustedError as error:
            config = self._config
            raise out_of_memory_error(error, config.batch_size, config.accumulate, self.replicas) from error
        return loss, hits

    @tf.function(autograph=False)
    def _learn(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        weights: tf.Tensor,
        seed: tf.Tensor,
        size: int | None,
        complete: bool,
        frozen: bool,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Compiled once for each size, as one graph for all would be slower, and anew when layers thaw."""
        with tf.device(self._address):
            images, targets = augment(images, tf.one_hot(labels, self._classes), self._plan, seed)
            inputs = self._preprocessing(images)
            if size is not None:
                inputs = resize(inputs, size)
            shares = self._strategy.run(self._learn_share, (inputs, targets, weights, complete))
            if complete and self._averages is not None:
                self._averages.update(self._strategy)
            return tuple(self._strategy.reduce(tf.distribute.ReduceOp.SUM, share, axis=None) for share in shares)

    def _learn_share(
        self, inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, complete: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """What one device does of a batch; the step that it takes is that of all of them."""
        images = tf.shape(inputs)[0] * self._config.accumulate  # of the whole step
        inputs, targets, weights = (self._share(each) for each in (inputs, targets, weights))
        with tf.GradientTape() as tape:
            logits = self.network(inputs, training=True)
            losses = training_losses(targets, logits, self.class_weights, self._config.label_smoothing)
            scaled = self._optimizer.scale_loss(tf.reduce_sum(losses * weights) / tf.cast(images, tf.float32))
        variables = self.network.trainable_variables
        gradients = self._gradients.gathered(tape.gradient(scaled, variables), variables, complete)
        if complete:
            scale = self._optimizer.scale_loss(tf.constant(1.0))
            self._optimizer.apply(self._gradients.shortened(gradients, scale), variables)
        hits = tf.argmax(logits, axis=1) == tf.argmax(targets, axis=1)
        return tf.reduce_sum(negative_log_likelihoods(targets, logits)), tf.reduce_sum(tf.cast(hits, tf.float32))

    def _share(self, values: tf.Tensor) -> tf.Tensor:
        if self.replicas == 1:
            return values
        count = tf.shape(values)[0] // self.replicas
        start = tf.distribute.get_replica_context().replica_id_in_sync_group * count
        return values[start : start + count]

    @tf.function(autograph=False)
    def score(self, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Score images without learning, as the inference model would; every device scores all of them.

        Args:
            images: uint8, (b, height, width, channels).
            labels: int32, (b,).

        Returns:
            Summed negative log-likelihood, a float32 scalar, and the predicted labels, int32, (b,).
        """
        with tf.device(self._address):
            pixels = tf.cast(images, tf.float32)
            logits = self.network(self._preprocessing(pixels), training=False)
            if self._config.average_mirrored:
                mirrored = self.network(self._preprocessing(tf.reverse(pixels, [2])), training=False)
                logits = (logits + mirrored) / 2
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            return tf.reduce_sum(losses), tf.argmax(logits, axis=1, output_type=tf.int32)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the network have its averaged weights for a while, where the recipe averages."""
        if self._averages is None:
            yield
            return
        own = _copies(self._variables)
        _assign(self._variables, self._averages.values())
        try:
            yield
        finally:
            _assign(self._variables, own)

    def weights(self) -> Arrays:
        """A copy of the network's variables, those of its dropout generators included."""
        return _copies(self.network.variables)

    def load_weights(self, arrays: Arrays) -> None:
        """Set the network's variables to what `weights` returned."""
        _assign(self.network.variables, arrays)

    def state(self) -> dict[str, Arrays]:
        """All that the next step depends on, but for the data."""
        averages = self._averages.state() if self._averages is not None else []
        return {"network": self.weights(), "optimizer": _copies(self._optimizer.variables), "averages": averages}

    def load_state(self, state: Mapping[str, Arrays]) -> None:
        """Go on from what `state` returned."""
        self.load_weights(state["network"])
        _assign(self._optimizer.variables, state["optimizer"])
        if self._averages is not None:
            self._averages.load_state(state["averages"])

    def inference_model(self) -> keras.Model:
        """The network with its preprocessing in front and softmax behind.

        It computes in float32 whatever the training did, so that it answers alike on every machine. Where the recipe
        asks for it, the logits of an image and its mirror image are averaged, as in K. Jordan's cifar10-airbench.

        Returns:
            A model of built-in layers: uint8 (n, height, width, channels) in, float32 probabilities (n, classes) out.
        """
        images, network = keras.Input(self._plan.image_shape, dtype="uint8", name="images"), self._in_float32()
        if self._config.average_mirrored:
            preprocessing = build_preprocessing(self._plan)
            mirrored = network(preprocessing(keras.ops.flip(images, axis=2)))
            logits = keras.layers.Average(name="mean")([network(preprocessing(images)), mirrored])
        else:
            logits = network(preprocess(images, self._plan))
        probabilities = keras.layers.Softmax(name="probabilities")(logits)
        return keras.Model(images, probabilities, name=network.name)

    def _in_float32(self) -> keras.Model:
        """The network, or a copy of it where it computes in less than float32."""
        if self._precision == "float32":
            return self.network
        copy = build_network(self._config.network, self._plan.image_shape, self._classes)
        copy.set_weights(self.network.get_weights())
        return copy

    @contextmanager
    def _placed(self) -> Iterator[None]:
        with self._strategy.scope(), tf.device(self._address):
            yield


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
