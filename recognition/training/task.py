"""What a training is given."""

from __future__ import annotations

from dataclasses import dataclass

from recognition.augmentation.plan import AugmentationPlan
from recognition.configuration.sections.train import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.training.checkpoint import Checkpoint
from recognition.training.initialization import Initial
from recognition.training.schedule import tail_of


@dataclass(frozen=True)
class Task:
    """What is to be learned, and how.

    Attributes:
        dataset: Its train split is learned, its validation split chooses the epoch; test is not read.
        plan: Augmentation and normalization.
        config: The recipe.
        metric: What "best" means: "accuracy", "balanced_accuracy" or "macro_f1"; lower loss breaks ties.
        initial: Weights to begin with; None for random ones.
        state: The last state of a finished training to go on from, as `config.tail` says; None for a new one.
    """

    dataset: ImageDataset
    plan: AugmentationPlan
    config: TrainConfig
    metric: str
    initial: Initial | None = None
    state: Checkpoint | None = None

    @property
    def first(self) -> int:
        """Number of epochs that the finished training had."""
        return len(self.state.epochs) if self.state else 0

    @property
    def scheduled(self) -> TrainConfig:
        """The recipe of the epochs that this training adds."""
        return tail_of(self.config) if self.state else self.config
