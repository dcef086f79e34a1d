"""The training step: what becomes of one batch, from its pixels to the weights that it changes."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from numpy.typing import NDArray

from recognition.augmentation.plan import AugmentationPlan
from recognition.augmentation.resize import resize
from recognition.augmentation.transform import augment
from recognition.configuration.sections.train import TrainConfig
from recognition.training.averages import Averages
from recognition.training.gpu import out_of_memory_error
from recognition.training.loss import negative_log_likelihoods, training_losses


class TrainingStep:
    """Augment, look forward, differentiate, and move the weights: compiled, and shared by all devices.

    Make it in the strategy's scope, while everything that is ever trained can be trained.

    Args:
        network: Normalized images in, logits out.
        preprocessing: Of augmented pixels for the network.
        optimizer: Built for the network's variables.
        averages: Of the weights over the steps; None where the recipe has none.
        plan: Augmentation and normalization.
        config: The recipe.
        class_weights: How much each class counts in the loss, float32, (classes,).
        strategy: Which devices share a batch.
        address: Where to compute; None where the strategy places.
    """

    def __init__(
        self,
        network: keras.Model,
        preprocessing: keras.Model,
        optimizer: keras.Optimizer,
        averages: Averages | None,
        plan: AugmentationPlan,
        config: TrainConfig,
        class_weights: NDArray[Any],
        strategy: tf.distribute.Strategy,
        address: str | None,
    ) -> None:
        self._network, self._preprocessing, self._plan = network, preprocessing, plan
        self._optimizer, self._averages, self._config, self._class_weights = optimizer, averages, config, class_weights
        self._strategy, self._address, self._replicas = strategy, address, strategy.num_replicas_in_sync
        # on each device a sum of its own: to add up over devices once a step is enough
        where = {"synchronization": tf.VariableSynchronization.ON_READ, "aggregation": tf.VariableAggregation.SUM}
        waiting = network.trainable_variables if config.accumulate > 1 else []
        self._sums = {id(each): tf.Variable(tf.zeros(each.shape), trainable=False, **where) for each in waiting}
        self.compile()

    def compile(self) -> None:
        """Forget the graphs made so far, as they hold no gradients of layers that were frozen then."""
        self.compiled = tf.function(self._step, autograph=False)

    def __call__(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        weights: tf.Tensor,
        seed: tf.Tensor,
        size: int | None = None,
        complete: bool = True,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Learn a batch.

        Args:
            images: uint8, (b, height, width, channels).
            labels: int32, (b,).
            weights: float32, (b,), how much each image counts.
            seed: int32, (2,), of the augmentation.
            size: Pixels a side that the network sees; None for those that there are.
            complete: Whether the weights move now; else the gradients wait for those of the next batch.

        Returns:
            Summed negative log-likelihood of the targets as they were mixed, without weights and smoothing, and number
            of hits on their larger shares; float32 scalars, before the weights move.

        Raises:
            TrainingError: The batch does not fit the device's memory.
        """
        try:
            loss, hits = self.compiled(images, labels, weights, seed, size, complete)
        except tf.errors.ResourceExhaustedError as error:
            config = self._config
            raise out_of_memory_error(error, config.batch_size, config.accumulate, self._replicas) from error
        return loss, hits

    def _step(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        weights: tf.Tensor,
        seed: tf.Tensor,
        size: int | None,
        complete: bool,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.device(self._address):
            # Every device augments the whole batch, and learns its share only afterwards: the draws, and which images
            # are mixed with which, do not depend on how many devices there are.
            targets = tf.one_hot(labels, self._class_weights.shape[0])
            images, targets = augment(images, targets, self._plan, seed)
            inputs = self._preprocessing(images)
            # The size is Python's and not a tensor, which gives each size a graph of its own: one for all of them
            # would know no shape when it is made, and be slower in every step.
            if size is not None:
                inputs = resize(inputs, size)
            shares = self._strategy.run(self._learn_share, (inputs, targets, weights, complete))
            if complete and self._averages is not None:
                self._averages.update(self._strategy)
            return tuple(self._strategy.reduce(tf.distribute.ReduceOp.SUM, share, axis=None) for share in shares)

    def _learn_share(
        self, inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, complete: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """What one device does of a batch; the weights move as all of them say."""
        images = tf.shape(inputs)[0] * self._config.accumulate  # of the whole step, whose mean the losses add up to
        inputs, targets, weights = (self._share(each) for each in (inputs, targets, weights))
        with tf.GradientTape() as tape:
            logits = self._network(inputs, training=True)
            losses = training_losses(targets, logits, self._class_weights, self._config.label_smoothing)
            # in float16, small gradients vanish unless the loss is scaled
            scaled = self._optimizer.scale_loss(tf.reduce_sum(losses * weights) / tf.cast(images, tf.float32))
        variables = self._network.trainable_variables
        gradients = self._accumulated(tape.gradient(scaled, variables), variables, complete)
        if complete:
            self._optimizer.apply(self._clipped(gradients), variables)
        hits = tf.argmax(logits, axis=1) == tf.argmax(targets, axis=1)
        return tf.reduce_sum(negative_log_likelihoods(targets, logits)), tf.reduce_sum(tf.cast(hits, tf.float32))

    def _share(self, values: tf.Tensor) -> tf.Tensor:
        if self._replicas == 1:
            return values
        count = tf.shape(values)[0] // self._replicas
        start = tf.distribute.get_replica_context().replica_id_in_sync_group * count
        return values[start : start + count]

    def _accumulated(self, gradients: list[tf.Tensor], variables: list[Any], complete: bool) -> list[tf.Tensor]:
        """The gradients with those that wait; those of an incomplete step wait in their turn."""
        if not self._sums:
            return gradients
        waiting = [self._sums[id(variable)] for variable in variables]  # frozen ones are missing
        totals = [summed + gradient for summed, gradient in zip(waiting, gradients, strict=True)]
        for summed, total in zip(waiting, totals, strict=True):
            summed.assign(tf.zeros_like(total) if complete else total)
        return totals

    def _clipped(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Gradients of at most the norm that the recipe allows, over all devices and all weights."""
        if self._config.clip_norm is None:
            return gradients
        if self._replicas > 1:
            context = tf.distribute.get_replica_context()
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        longest = self._config.clip_norm * self._optimizer.scale_loss(tf.constant(1.0))
        gradients, _ = tf.clip_by_global_norm(gradients, longest)
        return [gradient / self._replicas for gradient in gradients]  # the optimizer sums over devices once more
