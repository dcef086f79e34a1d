"""The history of a training: one record an epoch, and the facts of the whole."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Epoch(BaseModel):
    """One epoch; losses are mean negative log-likelihoods in nats, accuracies and scores fractions.

    Losses know neither label smoothing nor weights. Where augmentation mixes images, `train_loss` is that of the mixed
    targets and `train_accuracy` asks for the class of the larger share. `validation_score` is the metric in charge.
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


class History(BaseModel):
    """A finished training.

    `metric` chose the best epoch: "accuracy", "balanced_accuracy" or "macro_f1".
    `best_epoch` counts from 1; `resumed_from` is the number of epochs taken over from a checkpoint, None for a
    fresh start; `seconds` is the wall time of all epochs, those before an interruption and validation included;
    `images_per_second` is the speed of learning, validation left out.
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

    @property
    def best(self) -> Epoch:
        """The epoch whose weights were kept."""
        return self.epochs[self.best_epoch - 1]
