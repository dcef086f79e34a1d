"""The finished run that a longer training goes on from."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from operations.outcomes.results import load_outputs
from operations.outcomes.run_lookup import find_trainings
from operations.platform.cache import is_there
from operations.tracking.runs import outputs_of
from recognition.configuration.resolved import flatten
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.tail import TailConfig
from recognition.errors import InputError

STATE = "training_state"
FREE = {"train.tail", "train.patience", "train.device", "train.strategy", "train.seeds", "train.seed"}


def parent_config(run_name: str) -> RunConfig:
    """The configuration that a finished run used, for its candidate alone where it trained several.

    Args:
        run_name: Name of a run of the training pipeline.

    Raises:
        InputError: There is no such run, it did not finish, or it kept no state.
    """
    config: RunConfig
    (config,) = load_outputs(_parent(run_name), "configuration")
    if seeds := config.train.seeds:
        train = config.train.model_copy(update={"seeds": None, "seed": seeds[0]})
        return config.model_copy(update={"train": train})
    return config


def full_name(word: str) -> str:
    """The name of the run that a word of `find_trainings` means."""
    name: str = _parent(word).name
    return name


def extended(run_name: str, epochs: int, schedule: str | None, learning_rate: float | None) -> RunConfig:
    """The configuration of a finished run, with more epochs.

    Args:
        run_name: Name of a run of the training pipeline.
        epochs: How many more.
        schedule: Learning rate over them; None for the usual one.
        learning_rate: Its highest; None for the usual one.

    Raises:
        InputError: As of `parent_config`, or a value is out of range.
    """
    config = parent_config(run_name)
    given = {"schedule": schedule, "learning_rate": learning_rate}
    chosen = {key: value for key, value in given.items() if value is not None}
    try:
        tail = TailConfig.model_validate({"after": run_name, "epochs": epochs, **chosen})
    except ValidationError as error:
        (finding, *_) = error.errors()
        raise InputError(
            f"--{str(finding['loc'][0]).replace('_', '-')} cannot be used",
            received=str(finding["input"]),
            expected=finding["msg"].removeprefix("Input should be "),
        ) from None
    return config.model_copy(update={"train": config.train.model_copy(update={"tail": tail})})


def parent_state(config: RunConfig) -> Any | None:
    """ZenML's artifact of the state that a configuration's training begins with; None where it begins anew."""
    if config.train.tail is None:
        return None
    return outputs_of(_parent(config.train.tail.after))[STATE]


def used_fallback(run_name: str) -> bool:
    """Whether a run used the fallback's images."""
    return bool((_parent(run_name).config.parameters or {})["fallback"])


def check_parent(config: RunConfig, digest: str) -> None:
    """Check that the run that `train.tail` names was the same training on the same data.

    Args:
        config: The configuration that the run uses.
        digest: Of its data.

    Raises:
        InputError: It was another, or there is none.
    """
    assert config.train.tail is not None
    name = config.train.tail.after
    theirs = parent_config(name)
    before = outputs_of(_parent(name))["dataset"].run_metadata.get("digest")
    if before != digest:
        raise InputError(
            "a training goes on with the images that it began with",
            received=f"data digest {digest[:16]}",
            expected=f"{str(before)[:16]}, as in run {name}",
            remedy="name the same images, or train.init=models:/NAME@champion for a new training with its weights",
        )
    different = _differing(theirs, config)
    if different:
        raise InputError(
            f"run {name} was another training",
            received=", ".join(f"{key}: {ours}" for key, (_, ours) in different.items()),
            expected=", ".join(f"{key}: {value}" for key, (value, _) in different.items()),
            remedy=f"run_pipeline.py extend {name} --epochs N takes its configuration",
        )


def _differing(theirs: RunConfig, ours: RunConfig) -> dict[str, tuple[Any, Any]]:
    before, now = (flatten(each) for each in (theirs, ours))
    keys = [key for key in sorted(before | now) if key.startswith(("train.", "augmentation.", "data.folds"))]
    return {
        key: (before.get(key), now.get(key))
        for key in keys
        if before.get(key) != now.get(key) and not any(key == free or key.startswith(f"{free}.") for free in FREE)
    }


def _parent(run_name: str) -> Any:
    (run,) = find_trainings([run_name])
    state = outputs_of(run).get(STATE)
    if state is None or not is_there(state):
        raise InputError(
            f"the state of this run's training {'was not kept' if state is None else 'is gone'}",
            received=run.name,
            expected="a run of this version of the code, whose files are there",
            remedy="train.init=models:/NAME@champion begins a new training with its weights",
        )
    return run
