"""The optimizer that a recipe names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from recognition.configuration.sections.train import TrainConfig

if TYPE_CHECKING:
    import keras


def build_optimizer(config: TrainConfig, precision: str) -> keras.Optimizer:
    """The optimizer that the recipe names; weight decay spares norms and biases.

    Args:
        config: The recipe.
        precision: A Keras dtype policy; float16 gets dynamic loss scaling.
    """
    import keras

    common = {"learning_rate": config.learning_rate, "weight_decay": config.weight_decay or None}
    if config.optimizer == "sgd":
        momentum = 0.9 if config.momentum is None else config.momentum
        optimizer = keras.optimizers.SGD(momentum=momentum, nesterov=momentum > 0, **common)
    elif config.optimizer == "muon":
        from recognition.training.muon import Muon

        momentum = 0.6 if config.momentum is None else config.momentum
        dtype = "bfloat16" if precision == "mixed_bfloat16" else "float32"
        optimizer = Muon(config.learning_rate, momentum, config.weight_decay or None, dtype)
    elif config.optimizer == "adam":
        optimizer = keras.optimizers.Adam(**common)
    else:
        optimizer = keras.optimizers.AdamW(**{**common, "weight_decay": config.weight_decay})
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    if precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def scale_layers(optimizer: keras.Optimizer, factors: Sequence[float]) -> None:
    """Give each variable a learning rate of its own; decoupled weight decay keeps the common one.

    Args:
        optimizer: Built, and without loss scaling around it.
        factors: One for each of its trainable variables, in their order.
    """
    update = optimizer.update_step

    def scaled(gradient: Any, variable: Any, learning_rate: Any) -> None:
        update(gradient, variable, learning_rate * factors[optimizer._get_variable_index(variable)])

    optimizer.update_step = scaled
