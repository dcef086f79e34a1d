"""What a person decides about the champion: promote a version, or go back to the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.platform.termination import uninterrupted
from operations.registry import promotion_log, registry, zenml_models
from operations.registry.lock import registry_lock
from operations.registry.registered_model import RegisteredModel
from operations.registry.registry import ROLLED_BACK, WITHDRAWN_TAG
from operations.registry.stored_files import check_stored
from operations.tracking.model_files import read_metadata
from recognition.errors import InputError

if TYPE_CHECKING:
    from mlflow import MlflowClient

SHOWN = 5  # classes that a note names


def promote(client: MlflowClient, model: RegisteredModel, reason: str) -> list[str]:
    """Make a version the champion, whatever the gate said, and keep the gate from promoting the one that goes.

    Args:
        client: A client from `tracking.connect`.
        model: From `find_model`.
        reason: Why, for the log.

    Returns:
        What to tell the person, a line each.

    Raises:
        InputError: If no reason of one line is given, or the version's files are gone or not as registered.
    """
    _check_reason(reason)
    check_stored(model)
    with registry_lock(client, model.name) as check:
        before = registry.champion(client, model.name)
        if before == model:
            return [f"{_named(model)} is champion already"]
        notes = _class_notes(before, model)
        check()
        with uninterrupted():
            _withdraw(client, before, f"replaced by version {model.mlflow_version}: {reason}")
            _move(client, model, "person", f"promoted by hand: {reason}", reason)
    return [f"{_named(model)} is champion now, after {_version(before)}", *notes]


def roll_back(client: MlflowClient, name: str, reason: str) -> list[str]:
    """Make the champion of before champion again, and keep the gate from promoting the one that goes.

    Args:
        client: A client from `tracking.connect`.
        name: Name of the registered model.
        reason: Why, for the log; may be empty.

    Returns:
        What to tell the person, a line each.

    Raises:
        InputError: If there is no former champion whose files are there, or the reason has several lines.
    """
    _check_line(reason)
    with registry_lock(client, name) as check:
        leaving = registry.champion(client, name)
        registry.write_down_found(client, name, leaving)
        target, passed = _former_champion(client, name, leaving)
        check()
        with uninterrupted():
            because = f": {reason}" if reason else ""
            _withdraw(client, leaving, f"{ROLLED_BACK} to version {target.mlflow_version}{because}")
            after = f", after {_version(leaving)} was {ROLLED_BACK}" if leaving else ""
            told = f"champion again{after}{because}"
            _move(client, target, "rollback", told, reason)
    return [*passed, f"{_named(target)} is {told}"]


def _former_champion(
    client: MlflowClient, name: str, leaving: RegisteredModel | None
) -> tuple[RegisteredModel, list[str]]:
    """The latest former champion that can be used, and a line for each that cannot."""
    versions = {str(version.version): version for version in registry.versions_of(client, name)}
    log = promotion_log.read_log(client.get_registered_model(name).tags)
    passed = []
    for number in reversed(promotion_log.former_champions(log)):
        if number not in versions:
            passed.append(f"version {number} is passed over: it was deleted")
            continue
        model = registry.registered_model(versions[number])
        if model == leaving:
            continue
        try:
            check_stored(model)
        except InputError as error:
            passed.append(f"version {number} is passed over, as its file is not what was registered: {error.received}")
            continue
        return model, passed
    raise InputError(
        "there is no former champion to go back to",
        received="; ".join([f"{name}, whose champion is {_version(leaving)}", *passed]),
        expected="a version that was champion before, by the log",
        remedy=f'python run_pipeline.py models promote {name}/VERSION --reason "…"',
    )


def _move(client: MlflowClient, model: RegisteredModel, by: promotion_log.By, told: str, reason: str) -> None:
    registry.move_champion(client, model, by, reason)
    registry.allow(client, model)  # not before: whoever dies between has changed nothing, and `repair` knows a champion
    client.update_model_version(model.name, model.mlflow_version, promotion_log.shorten(told))
    zenml_models.annotate(model.name, model.zenml_version, {"promotion": told})


def _withdraw(client: MlflowClient, leaving: RegisteredModel | None, why: str) -> None:
    """Keep the gate from promoting a version again, which a run whose training is cached presents every night."""
    if leaving is not None:
        client.set_model_version_tag(leaving.name, leaving.mlflow_version, WITHDRAWN_TAG, promotion_log.shorten(why))


def _class_notes(before: RegisteredModel | None, model: RegisteredModel) -> list[str]:
    """What users of the champion must know where the new one knows other classes."""
    if before is None:
        return []
    theirs, ours = _classes(before), _classes(model) or []
    if theirs is None:
        return ["note: the files of the champion before are gone; whether its classes were the same is not known"]
    if theirs == ours:
        return []
    if sorted(theirs) == sorted(ours):
        return ["note: the classes are the same, in another order"]
    words = (("lacks", set(theirs) - set(ours)), ("adds", set(ours) - set(theirs)))
    differing = [f"{word} {_some(sorted(names))}" for word, names in words if names]
    return [f"note: it knows other classes than the champion before: it {' and '.join(differing)}"]


def _classes(model: RegisteredModel) -> list[str] | None:
    """Names by index, None where the model's files are gone."""
    metadata = read_metadata(model.uri)
    return None if metadata is None else list(metadata.get("classes") or [])


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InputError("a promotion needs a reason", received=repr(reason), expected='--reason "why it is champion"')
    _check_line(reason)


def _check_line(reason: str) -> None:
    """The log has a line for each promotion."""
    if len(reason.splitlines()) > 1:
        raise InputError("a reason is one line", received=repr(reason), expected='--reason "why it is champion"')


def _named(model: RegisteredModel) -> str:
    return f"{model.name} version {model.mlflow_version}"


def _version(model: RegisteredModel | None) -> str:
    return f"version {model.mlflow_version}" if model else "none"
