"""What makes a training this one, so that it is gone on with, repeated or found in the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from operations.digest import digest_of
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.configuration.sections.train import TrainConfig


@dataclass(frozen=True)
class Training:
    """What makes a training this one.

    Attributes:
        task: What it is for: two trainings of one task that differ in anything else are never mixed silently.
        identity: Everything that it depends on, by dotted key.
        origin: Where it came from, for people.
    """

    task: str
    identity: Mapping[str, Any]
    origin: str = ""

    @property
    def key(self) -> str:
        """Name of its folder."""
        return digest_of(self.identity)


def current_training(identity: Mapping[str, Any]) -> Training:
    """The training of the step that is running.

    Args:
        identity: Everything that it depends on.
    """
    from zenml import get_step_context

    run = get_step_context().pipeline_run
    return Training(task_name(recipe_of(run.name), model_of(run)), identity, origin_of(run))


def training_identity(
    digest: str,
    augmentation: AugmentationConfig,
    train: TrainConfig,
    metric: str,
    folds: int | None,
    code: str,
    initial: str,
) -> dict[str, Any]:
    """What a training depends on, as far as it is known before it starts.

    Args:
        digest: Of the data.
        augmentation: Its options.
        train: The recipe.
        metric: What chooses the best epoch.
        folds: Number of folds, None for the split as it is.
        code: Hash of the code behind the step.
        initial: Digest of the weights to begin with, "" for random ones.
    """
    sections = {"augmentation": augmentation.model_dump(mode="json"), "train": train.model_dump(mode="json")}
    return {
        "data": {"digest": digest, "folds": folds},
        **sections,
        "evaluation": {"metric": metric},
        "code": code,
        "initial weights": initial,
    }


def task_name(recipe: str, model: str) -> str:
    """What a training is for."""
    return f"{recipe}.yaml for model {model}"


def recipe_of(run_name: str) -> str:
    """The configuration's name in the name of a run, which ends in date, time and six random digits."""
    return run_name.rsplit("-", 3)[0]


def model_of(run: Any) -> str:
    """Name of the model that a run is about.

    Args:
        run: ZenML's record of it, hydrated.
    """
    return str((run.config.parameters or {})["config"]["model"]["name"])


def origin_of(run: Any) -> str:
    """What people are told of where a training came from.

    Args:
        run: ZenML's record of it.
    """
    return f"run {run.name}"
