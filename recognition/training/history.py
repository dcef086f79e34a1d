"""The history of a training: one record an epoch, and the facts of the whole."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict


class Epoch(BaseModel):
    """One epoch; losses are mean negative log-likelihoods in nats, accuracies and scores fractions.

    Losses know neither label smoothing nor weights. Where augmentation mixes images, `train_loss` is that of the mixed
    targets and `train_accuracy` asks for the class of the larger share. `validation_score` is the metric in charge.
    `gpu_memory_peak` is in bytes, `gpu_utilisation` in percent; None without a GPU.
    """

    model_config = ConfigDict(frozen=True)

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    validation_score: float
    learning_rate: float
    seconds: float
    images_per_second: float
    gpu_memory_peak: float | None = None
    gpu_utilisation: float | None = None


class EpochProgress(BaseModel):
    """The part of an epoch that is learned: batches, sums of losses and hits over their images, wall time."""

    model_config = ConfigDict(frozen=True)

    batches: int = 0
    loss: float = 0.0
    hits: float = 0.0
    seconds: float = 0.0


class Repeat(BaseModel):
    """The best epoch of one of several trainings of a recipe, which differ in seed or fold."""

    model_config = ConfigDict(frozen=True)

    name: str
    epoch: int
    validation_loss: float
    validation_accuracy: float
    validation_score: float


class History(BaseModel):
    """A finished training.

    `metric` chose the best epoch: "accuracy", "balanced_accuracy" or "macro_f1".
    `best_epoch` counts from 1; `resumed_from` is the number of whole epochs taken over from a checkpoint, None for a
    fresh start; `seconds` is the wall time of all epochs, those before an interruption and validation included;
    `images_per_second` is the speed of learning, validation left out; `repeats` are all trainings of the recipe, this
    one first, where there were several. The model divides its logits by `temperature` before its softmax.
    """

    model_config = ConfigDict(frozen=True)

    network: str
    parameters: int
    device: str
    precision: str
    seed: int
    metric: str
    resumed_from: int | None
    best_epoch: int
    seconds: float
    images_per_second: float
    epochs: tuple[Epoch, ...]
    repeats: tuple[Repeat, ...] = ()
    temperature: float = 1.0

    @property
    def spread(self) -> tuple[float, float] | None:
        """Mean of the repeats' validation scores and half the width of its 95 % interval (Student's t).

        None without repeats. Folds share training images, so that their interval is too narrow.
        """
        if len(self.repeats) < 2:
            return None
        from scipy import stats

        scores = np.array([repeat.validation_score for repeat in self.repeats])
        error = scores.std(ddof=1) / np.sqrt(len(scores))
        return float(scores.mean()), float(stats.t.ppf(0.975, len(scores) - 1) * error)

    @property
    def best(self) -> Epoch:
        """The epoch whose weights were kept."""
        return self.epochs[self.best_epoch - 1]
