"""Learning rate and image size over the steps of a recipe."""

from __future__ import annotations

import math

from recognition.configuration.sections.train import TrainConfig

FINAL_SHARE = 0.05  # of the peak, where a one-cycle schedule starts and ends
ONE_CYCLE_WARMUP = 0.2
TAIL_SHARE = 0.1  # of a training's learning rate, from which a tail starts anew


def learning_rate(config: TrainConfig, step: int, steps: int) -> float:
    """The learning rate of one step.

    Every schedule climbs linearly to the peak over the first `warmup` share of the steps. Then "constant" stays there;
    "stable_decay" stays until `hold` of the steps and falls linearly to 0; "cosine" falls to 0 along half a cosine
    (I. Loshchilov and F. Hutter, "SGDR", 2017); "one_cycle" falls linearly to where it started (L. N. Smith, "A
    disciplined approach to neural network hyper-parameters", 2018).

    Args:
        config: The recipe.
        step: Index of the step, from 0.
        steps: Number of steps of the whole training.
    """
    one_cycle = config.schedule == "one_cycle"
    warmup = config.warmup if config.warmup is not None else ONE_CYCLE_WARMUP * one_cycle
    turn = warmup * steps
    share = (step + 1) / turn if step + 1 <= turn else _after_warmup(config, step, steps, turn)
    return config.learning_rate * (FINAL_SHARE + (1 - FINAL_SHARE) * share if one_cycle else share)


def tail_of(config: TrainConfig) -> TrainConfig:
    """The recipe of the epochs that are added to a finished training; images have their full size in them."""
    assert config.tail is not None
    return config.model_copy(
        update={
            "epochs": config.tail.epochs,
            "schedule": config.tail.schedule,
            "learning_rate": config.tail.learning_rate or TAIL_SHARE * config.learning_rate,
            "warmup": None,
            "sizes": None,
        }
    )


def _after_warmup(config: TrainConfig, step: int, steps: int, turn: float) -> float:
    if config.schedule == "constant":
        return 1.0
    if config.schedule == "stable_decay":
        return min(1.0, (steps - step) / ((1 - config.hold) * steps))
    left = min(1.0, (steps - step) / (steps - turn))
    return left if config.schedule == "one_cycle" else (1 - math.cos(math.pi * left)) / 2


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
