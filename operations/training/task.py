"""What a training is for and where it came from, besides what it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from operations.training.former_code import former_code
from operations.training.identity import TrainingIdentity
from recognition.configuration.schema import RunConfig


@dataclass(frozen=True)
class Training:
    """A training that somebody wants.

    Attributes:
        task: What it is for: two trainings of one task that differ in anything else are never mixed silently.
        identity: Everything that it depends on.
        origin: Where it came from, for people.
        fresh: Whether what others of its task left is given up.
    """

    task: str
    identity: TrainingIdentity
    origin: str = ""
    fresh: bool = False


def current_training(identity: TrainingIdentity) -> Training:
    """The training of the step that is running.

    Args:
        identity: Everything that it depends on.
    """
    from zenml import get_step_context

    run = get_step_context().pipeline_run
    fresh = bool((run.config.parameters or {}).get("fresh"))
    return Training(task_name(recipe_of(run.name), model_of(run)), identity, origin_of(run), fresh)


def planned_identity(config: RunConfig, digest: str, code: str, initial: str) -> TrainingIdentity:
    """That of the training that a configuration asks for, as far as it is known before the images are at hand.

    Args:
        config: The configuration that the run uses.
        digest: Of the data.
        code: Hash of the code behind step train.
        initial: Digest of the weights to begin with, "" for random ones.
    """
    folds, metric = config.data.folds, config.evaluation.metric
    return TrainingIdentity(digest, folds, config.augmentation, config.train, metric, code, initial)


def former_identity(identity: TrainingIdentity) -> TrainingIdentity | None:
    """The same training as the former version knew it; None where its code did something else."""
    code = former_code(identity.code)
    return replace(identity, code=code) if code else None


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
