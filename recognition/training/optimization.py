"""The optimizer that a recipe names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from recognition.configuration.sections.train import TrainConfig
from recognition.training.keras_internals import variable_index

if TYPE_CHECKING:
    import keras


def build_optimizer(config: TrainConfig, precision: str, factors: Sequence[float] | None = None) -> keras.Optimizer:
    """The optimizer that the recipe names; weight decay spares norms and biases.

    Args:
        config: The recipe.
        precision: A Keras dtype policy; float16 gets dynamic loss scaling.
        factors: On the learning rate of each variable that it will be built with, in their order; decoupled weight
            decay keeps the common one. None for the same rate everywhere.
    """
    import keras

    common = {"learning_rate": config.learning_rate, "weight_decay": config.weight_decay or None}
    rated = partial(_with_rates, factors)
    if config.optimizer == "sgd":
        momentum = 0.9 if config.momentum is None else config.momentum
        optimizer = rated(keras.optimizers.SGD)(momentum=momentum, nesterov=momentum > 0, **common)
    elif config.optimizer == "muon":
        from recognition.training.muon import Muon

        momentum = 0.6 if config.momentum is None else config.momentum
        dtype = "bfloat16" if precision == "mixed_bfloat16" else "float32"
        optimizer = rated(Muon)(config.learning_rate, momentum, config.weight_decay or None, dtype)
    elif config.optimizer == "adam":
        optimizer = rated(keras.optimizers.Adam)(**common)
    else:
        optimizer = rated(keras.optimizers.AdamW)(**{**common, "weight_decay": config.weight_decay})
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    if precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def _with_rates(factors: Sequence[float] | None, kind: Any) -> Any:
    """A kind of optimizer, each of whose variables has a learning rate of its own."""
    if factors is None:
        return kind

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        kind.update_step(self, gradient, variable, learning_rate * factors[variable_index(self, variable)])

    return type(kind.__name__, (kind,), {"update_step": update_step})
