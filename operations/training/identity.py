"""What makes a training this one, so that it is gone on with, repeated or found in the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operations.platform.digest import digest_of
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.configuration.sections.train import TrainConfig

if TYPE_CHECKING:
    from recognition.training.task import Task


@dataclass(frozen=True)
class TrainingIdentity:
    """Everything that a training depends on: where two have the same key, the second goes on from the first.

    Attributes:
        data: Digest of images and labels.
        folds: Number of folds, None for the split as it is.
        augmentation: Its options.
        train: The recipe.
        metric: What chooses the best epoch.
        code: Hash of the code behind the step.
        initial: Digest of the weights to begin with, "" for random ones.
        plan: Digest of the augmentation as resolved against the images, "" where they are not at hand yet.
        searched: What a calibration searches; None for a training.
    """

    data: str
    folds: int | None
    augmentation: AugmentationConfig
    train: TrainConfig
    metric: str
    code: str
    initial: str
    plan: str = ""
    searched: Mapping[str, Any] | None = None

    @classmethod
    def of_task(
        cls,
        task: Task,
        code: str,
        initial: str = "",
        folds: int | None = None,
        searched: Mapping[str, Any] | None = None,
    ) -> TrainingIdentity:
        """That of a training about to begin.

        Args:
            task: What it is given.
            code: Hash of the code behind the step.
            initial: Digest of the weights to begin with, "" for random ones.
            folds: Number of folds, None for the split as it is.
            searched: What a calibration searches; None for a training.
        """
        plan = task.plan
        return cls(
            task.dataset.digest, folds, plan.options, task.config, task.metric, code, initial, plan.digest, searched
        )

    @property
    def document(self) -> dict[str, Any]:
        """As it is hashed and written down: by sections and keys of the configuration, and what else counts."""
        return {
            "data": {"digest": self.data, "folds": self.folds},
            "augmentation": self.augmentation.model_dump(mode="json"),
            "train": self.train.model_dump(mode="json"),
            "evaluation": {"metric": self.metric},
            "code": self.code,
            "initial weights": self.initial,
            **({"plan": self.plan} if self.plan else {}),
            **({"calibrate": dict(self.searched)} if self.searched is not None else {}),
        }

    @property
    def key(self) -> str:
        """Its name: 16 hexadecimal digits."""
        return digest_of(self.document)
