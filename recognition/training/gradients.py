"""Gradients on their way to the optimizer: summed over the batches of a step, and shortened."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class Gradients:
    """Sums of gradients that wait for the rest of their step, and the length that they may have.

    Args:
        variables: All that are ever trained.
        batches: How many make one step.
        longest: Norm over all weights that a step's gradients may have; None for any.
        replicas: Number of devices that share a batch.
    """

    def __init__(self, variables: list[Any], batches: int, longest: float | None, replicas: int) -> None:
        self._longest, self._replicas = longest, replicas
        where = {"synchronization": tf.VariableSynchronization.ON_READ, "aggregation": tf.VariableAggregation.SUM}
        waiting = variables if batches > 1 else []  # one sum on each device
        self._sums = {id(each): tf.Variable(tf.zeros(each.shape), trainable=False, **where) for each in waiting}

    def gathered(self, gradients: list[tf.Tensor], variables: list[Any], complete: bool) -> list[tf.Tensor]:
        """The gradients with those that wait; those of an incomplete step wait in their turn.

        Args:
            gradients: Of this device's share of a batch.
            variables: What they are of; frozen ones are missing.
            complete: Whether the step is taken now.
        """
        if not self._sums:
            return gradients
        waiting = [self._sums[id(variable)] for variable in variables]
        totals = [summed + gradient for summed, gradient in zip(waiting, gradients, strict=True)]
        for summed, total in zip(waiting, totals, strict=True):
            summed.assign(tf.zeros_like(total) if complete else total)
        return totals

    def shortened(self, gradients: list[tf.Tensor], scale: tf.Tensor) -> list[tf.Tensor]:
        """Gradients of at most the norm allowed, over all devices and all weights.

        The optimizer sums over devices: what is summed here already is divided, so that the sum comes out again.

        Args:
            gradients: Of this device's share of a step.
            scale: By which loss and gradients are scaled.
        """
        if self._longest is None:
            return gradients
        if self._replicas > 1:
            context = tf.distribute.get_replica_context()
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        gradients, _ = tf.clip_by_global_norm(gradients, self._longest * scale)
        return [gradient / self._replicas for gradient in gradients]
