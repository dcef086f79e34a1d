"""Optimizer and learning rate of a recipe; all of Keras' own make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recognition.configuration.schema import TrainConfig

if TYPE_CHECKING:
    import keras

FINAL_SHARE = 0.05  # of the peak, where a one-cycle schedule starts and ends


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
    elif config.optimizer == "adam":
        optimizer = keras.optimizers.Adam(**common)
    else:
        optimizer = keras.optimizers.AdamW(**{**common, "weight_decay": config.weight_decay})
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    if precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def learning_rate(config: TrainConfig, step: int, steps: int) -> float:
    """The learning rate of one step.

    "one_cycle" climbs linearly to the peak over the first `warmup` share of the steps and falls linearly to its
    start again (L. N. Smith, "A disciplined approach to neural network hyper-parameters", 2018).

    Args:
        config: The recipe.
        step: Index of the step, from 0.
        steps: Number of steps of the whole training.
    """
    peak = config.learning_rate
    if config.schedule == "constant":
        return peak
    turn = config.warmup * steps
    share = (step + 1) / turn if step + 1 <= turn else (steps - step) / (steps - turn)
    return peak * (FINAL_SHARE + (1 - FINAL_SHARE) * min(1.0, share))
