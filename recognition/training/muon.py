"""Muon: momentum whose step is made orthogonal before it is taken.

K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024, as the speedruns of K. Jordan's
cifar10-airbench use it for convolutions. Keras' own Muon takes matrices only, and leaves convolutions to AdamW.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from recognition.training.keras_internals import variable_index

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic that brings singular values near 1 fastest
STEPS = 3
EPSILON = 1e-7
HEAD, OTHERS = 12.5, 0.22  # their learning rates as multiples of the convolutions'


def orthogonalized(matrix: Any) -> Any:
    """A matrix with about the same singular vectors, whose singular values all lie near 1.

    Newton–Schulz iteration on the shorter side.

    Args:
        matrix: float, (rows, columns).

    Returns:
        The same shape; singular values of about 0.7 to 1.2, those near 0 smaller.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = ops.transpose(matrix) if tall else matrix
    x = x / (ops.norm(x) + EPSILON)
    a, b, c = COEFFICIENTS
    for _ in range(STEPS):
        gram = ops.matmul(x, ops.transpose(x))
        x = a * x + ops.matmul(b * gram + c * ops.matmul(gram, gram), x)
    return ops.transpose(x) if tall else x


class Muon(keras.optimizers.Optimizer):  # type: ignore[misc]
    """Orthogonal steps for convolution kernels, Nesterov momentum for everything else.

    Each convolution is brought to the norm of as many unit filters as it has before its step, so that weight decay does
    nothing to it.

    Args:
        learning_rate: Of the convolutions; other matrices get HEAD times it, vectors OTHERS times it.
        momentum: 0 or more and below 1.
        weight_decay: Of what is no convolution; None for none.
        dtype: In which steps are made orthogonal; bfloat16 is precise enough, as its authors found.
    """

    def __init__(
        self, learning_rate: float, momentum: float, weight_decay: float | None = None, dtype: str = "float32"
    ) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, name="muon")
        self._momentum, self._dtype = momentum, dtype

    def build(self, variables: list[Any]) -> None:
        """Make a momentum for each variable."""
        if not self.built:
            super().build(variables)
            self._momenta = [self.add_variable_from_reference(each, name="momentum") for each in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        momentum = self._momenta[variable_index(self, variable)]
        rate, gradient = ops.cast(learning_rate, variable.dtype), ops.cast(gradient, variable.dtype)
        self.assign(momentum, self._momentum * momentum + gradient)
        step = gradient + self._momentum * momentum
        if len(variable.shape) == 4:
            filters = variable.shape[-1]
            norm = ops.norm(ops.reshape(variable, (-1,)))
            matrix = ops.cast(ops.reshape(step, (-1, filters)), self._dtype)
            orthogonal = ops.cast(ops.reshape(orthogonalized(matrix), variable.shape), variable.dtype)
            self.assign(variable, variable * (filters**0.5 / norm) - rate * orthogonal)
        else:
            factor = HEAD if len(variable.shape) == 2 else OTHERS
            self.assign_sub(variable, rate * factor * step)
