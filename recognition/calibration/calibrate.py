"""A calibration, to be read from top to bottom."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from recognition.calibration.range_test import run_range_test
from recognition.calibration.result import Calibration, Choice, RangeTest, SearchSpace
from recognition.calibration.space import search_space
from recognition.calibration.study import run_study
from recognition.configuration.sections.calibrate import CalibrateConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.training.device import choose_device
from recognition.training.listener import TrainingListener
from recognition.training.task import Task
from recognition.training.train import train

RANGE_TEST = "range_test.json"


def calibrate(
    task: Task, options: CalibrateConfig, folder: Path, listener: TrainingListener, every_seconds: float = 300
) -> Calibration:
    """Find learning rate, batch size and number of epochs by what they reach on validation; test is not read.

    First a range test, then a study of the rates around its suggestion. The study begins with the recipe as it is, so
    that what is found reaches at least as much, and with the suggestion in its place. What is interrupted goes on from
    `folder`: no trial is trained again.

    Args:
        task: What is to be learned; its recipe is the one to begin with.
        options: What is searched, and for how long.
        folder: Of this very calibration: same task, options and code.
        listener: Hears of every step and trial.
        every_seconds: Longest time between two checkpoints.

    Raises:
        InputError: If a requested device is missing.
        TrainingError: If every trial diverges.
        TrainingStopped: If the listener asked for it; the state is written.
    """
    config = task.config
    # a batch of any size fits one device
    alone = replace(task, config=config.model_copy(update={"strategy": "single"}))
    test = _range_test_once(folder / RANGE_TEST, lambda: run_range_test(alone, options.steps, listener))
    end = ", where the loss diverged" if test.diverged else ""
    listener.log(f"range test: {test.rates[0]:.3g} to {test.rates[-1]:.3g}{end}; suggests {test.suggestion:.3g}")
    space = search_space(options, config, len(task.dataset.splits["train"]), test.suggestion)
    listener.log(f"study: {in_words(space)}")

    def attempt(choice: Choice, checkpoints: Path, hearer: TrainingListener) -> None:
        chosen = replace(alone, config=choice.apply(alone.config))
        train(chosen, checkpoints, hearer, every_seconds=every_seconds)

    own = Choice.of(config)
    first = (own, own.model_copy(update={"learning_rate": test.suggestion}))
    return Calibration(
        metric=task.metric,
        validation=len(task.dataset.splits["validation"]),
        hardware=_hardware(config),
        range_test=test,
        space=space,
        trials=run_study(space, first, options, folder, attempt, listener),
    )


def in_words(space: SearchSpace) -> str:
    """What is searched, in one line."""
    low, high = space.learning_rates
    sizes = ", ".join(map(str, space.batch_sizes))
    fewest, most = space.epochs
    epochs = f"{fewest} to {most}" if fewest < most else str(most)
    return f"learning rate {low:.3g} to {high:.3g}, batch {sizes}, epochs {epochs}"


def _range_test_once(path: Path, run: Callable[[], RangeTest]) -> RangeTest:
    """The result of a range test that was done before an interruption, else of a new one."""
    if path.is_file():
        return RangeTest.model_validate_json(path.read_text())
    test = run()
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(test.model_dump_json())
    unfinished.rename(path)
    return test


def _hardware(config: TrainConfig) -> str:
    device = choose_device(config.device, config.precision)
    gpu = "" if device.name == "cpu" else f"{device.name.removeprefix('gpu: ')}, "
    return f"{gpu}{os.cpu_count()} CPU cores"
