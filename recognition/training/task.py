"""What a training is given."""

from __future__ import annotations

from dataclasses import dataclass

from recognition.augmentation.plan import AugmentationPlan
from recognition.configuration.schema import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.training.initialization import Initial


@dataclass(frozen=True)
class Task:
    """What is to be learned, and how.

    Attributes:
        dataset: Its train split is learned, its validation split chooses the epoch; test is not read.
        plan: Augmentation and normalization.
        config: The recipe.
        metric: What "best" means: "accuracy", "balanced_accuracy" or "macro_f1"; lower loss breaks ties.
        initial: Weights to begin with; None for random ones.
    """

    dataset: ImageDataset
    plan: AugmentationPlan
    config: TrainConfig
    metric: str
    initial: Initial | None = None
