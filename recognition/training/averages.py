"""Averages of the weights over the steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from recognition.training.checkpoint import Arrays


class Averages:
    """An exponential moving average of each variable (B. Polyak and A. Juditsky, 1992), biased to the present at first.

    The decay of step t is the smaller of the given one and (1 + t) / (10 + t), as in TensorFlow's
    ExponentialMovingAverage: else the random weights of the start would stay in for long.

    Args:
        variables: What is averaged; they keep their own values. Batch norms' running statistics are not among them.
        decay: 0 to 1, both excluded.
    """

    def __init__(self, variables: list[Any], decay: float) -> None:
        self._variables, self._decay = [each.value for each in variables], decay
        self._averages = [tf.Variable(each, trainable=False) for each in self._variables]
        self._steps = tf.Variable(0, dtype=tf.int64, trainable=False)

    def update(self, strategy: tf.distribute.Strategy) -> None:
        """Take the present values in, on every device."""
        steps = tf.cast(self._steps, tf.float32)
        decay = tf.minimum(self._decay, (1 + steps) / (10 + steps))
        for average, variable in zip(self._averages, self._variables, strict=True):
            strategy.extended.update(average, _blend, args=(variable, decay))
        self._steps.assign_add(1)

    def values(self) -> Arrays:
        """The averages."""
        return [np.array(each.numpy()) for each in self._averages]

    def state(self) -> Arrays:
        """What `load_state` needs."""
        return [*self.values(), np.array(self._steps.numpy())]

    def load_state(self, arrays: Arrays) -> None:
        """Go on from what `state` returned."""
        for variable, array in zip([*self._averages, self._steps], arrays, strict=True):
            variable.assign(array)


def _blend(average: tf.Variable, value: tf.Tensor, decay: tf.Tensor) -> None:
    average.assign(decay * average + (1 - decay) * tf.cast(value, average.dtype))
