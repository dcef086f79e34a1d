"""The result of a calibration: what the range test saw, what was searched, and what each trial reached."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict

from recognition.configuration.sections.train import TrainConfig
from recognition.evaluation.score import in_words


class Choice(BaseModel):
    """Values of the three searched keys of section `train`."""

    model_config = ConfigDict(frozen=True)

    learning_rate: float
    batch_size: int
    epochs: int

    @classmethod
    def of(cls, config: TrainConfig) -> Choice:
        """The values that a recipe has."""
        return cls(learning_rate=config.learning_rate, batch_size=config.batch_size, epochs=config.epochs)

    def apply(self, config: TrainConfig) -> TrainConfig:
        """A recipe with these values."""
        return TrainConfig.model_validate(config.model_dump() | self.model_dump())

    def in_words(self) -> str:
        """The values in one line."""
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        return f"learning rate {self.learning_rate:.3g}, batch {self.batch_size}, {epochs}"


class RangeTest(BaseModel):
    """A learning-rate range test.

    Attributes:
        rates: Learning rate of each step.
        losses: Loss that each step's batch had before the step, mean negative log-likelihood in nats.
        smoothed: The losses, smoothed.
        suggestion: The learning rate that follows.
        diverged: Whether the test ended early because the loss had left for good.
    """

    model_config = ConfigDict(frozen=True)

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float
    diverged: bool


class SearchSpace(BaseModel):
    """What a study chooses from: a range of learning rates and of epochs, a list of batch sizes."""

    model_config = ConfigDict(frozen=True)

    learning_rates: tuple[float, float]
    batch_sizes: tuple[int, ...]
    epochs: tuple[int, int]


class Trial(BaseModel):
    """One training of a study.

    Attributes:
        number: Counted from 1; the first is the configuration as it was.
        choice: What it was trained with.
        state: "complete", "pruned" (given up, as others had been better at that point) or "diverged".
        score: Its best validation score so far, a fraction; None where no epoch ended.
        loss: Validation loss of that epoch, nats.
        seconds: Wall time of its epochs, validation included.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    choice: Choice
    state: Literal["complete", "pruned", "diverged"]
    score: float | None
    loss: float | None
    seconds: float


class Calibration(BaseModel):
    """A finished calibration; at least one of its trials is complete.

    Attributes:
        metric: What was maximized: "accuracy", "balanced_accuracy" or "macro_f1", on validation images.
        validation: Number of validation images.
        hardware: What it ran on.
        range_test: The range test.
        space: What was searched.
        trials: All that ended, in their order.
    """

    model_config = ConfigDict(frozen=True)

    metric: str
    validation: int
    hardware: str
    range_test: RangeTest
    space: SearchSpace
    trials: tuple[Trial, ...]

    @property
    def first(self) -> Trial:
        """The trial of the configuration as it was."""
        return self.trials[0]

    @property
    def best(self) -> Trial:
        """The complete trial of the highest score, then of the lowest loss, then the earliest.

        As the first trial is one of them, unless it diverged, none reaches less than the configuration as it was.
        """
        return max((trial for trial in self.trials if trial.state == "complete"), key=_rank)


def _rank(trial: Trial) -> tuple[float, float]:
    assert trial.score is not None
    assert trial.loss is not None
    return trial.score, -trial.loss


def reached(calibration: Calibration) -> str:
    """What the best trial reached, with one standard error of an accuracy on so many images."""
    score = calibration.best.score
    assert score is not None
    error = math.sqrt(score * (1 - score) / calibration.validation)
    return f"{score:.2%} validation {in_words(calibration.metric)} (standard error {error:.2%})"
