"""Optimizer, learning rate and image size over the steps of a recipe."""

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
    elif config.optimizer == "muon":
        from recognition.training.muon import Muon

        momentum = 0.6 if config.momentum is None else config.momentum
        optimizer = Muon(config.learning_rate, momentum, config.weight_decay or None)
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

    "stable_decay" stays at the peak for `hold` of the steps and falls linearly to 0.
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
    if config.schedule == "stable_decay":
        return peak * min(1.0, (steps - step) / ((1 - config.hold) * steps))
    turn = config.warmup * steps
    share = (step + 1) / turn if step + 1 <= turn else (steps - step) / (steps - turn)
    return peak * (FINAL_SHARE + (1 - FINAL_SHARE) * min(1.0, share))


def image_size(config: TrainConfig, step: int, steps: int) -> int | None:
    """How many pixels a side images have in one step, where the recipe begins with smaller ones; None for all.

    Small images first, the last part at full size: "progressive resizing" (J. Howard's DAWNBench entry, fast.ai, 2018).

    Args:
        config: The recipe.
        step: Index of the step, from 0.
        steps: Number of steps of the whole training.
    """
    sizes = sorted((end, int(size)) for size, end in (config.sizes or {}).items())
    return next((size for end, size in sizes if step < end * steps), None)
