"""A network that learns: how it begins, what it scores, and its state as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from recognition.augmentation.plan import AugmentationPlan
from recognition.augmentation.preprocessing import build_preprocessing
from recognition.configuration.sections.train import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.networks import build_network, initialize_network
from recognition.training.averages import Averages
from recognition.training.checkpoint import Arrays
from recognition.training.class_weights import class_weights
from recognition.training.device import Device
from recognition.training.distribution import Distribution, synchronize_norms
from recognition.training.fine_tuning import depth_factors, freeze_body, require_whole_body, unfreeze
from recognition.training.inference_model import inference_model
from recognition.training.initialization import Initial, initialize_from
from recognition.training.optimization import build_optimizer
from recognition.training.training_step import TrainingStep


class Learner:
    """Network, optimizer and training step, built once for a training.

    Args:
        dataset: Its training images initialize a network that asks for them, and are counted for class weights.
        plan: Augmentation and normalization.
        config: The recipe.
        device: Where to compute, and at which precision.
        distribution: Which devices share a batch; None for one device.
        initial: Weights to begin with; None for random ones.

    Attributes:
        network: Normalized images in, logits out.
        train_step: Learns a batch.
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
            self._averages = Averages(self._variables, config.ema) if config.ema else None
            self.train_step = TrainingStep(
                self.network,
                self._preprocessing,
                self._optimizer,
                self._averages,
                plan,
                config,
                self.class_weights,
                self._strategy,
                self._address,
            )
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
            self.train_step.compile()

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        return float(self._optimizer.learning_rate.numpy())

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._optimizer.learning_rate = value

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
        """The network as it is put to use: in float32 whatever the training did, to answer alike on every machine."""
        return inference_model(self._in_float32(), self._plan, self._config.average_mirrored)

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
