"""Find a registered model by what a person calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from operations.registry.address import SCHEME, WORDS, Address, parse_address
from operations.registry.model_store import is_no_such_version
from operations.registry.registered_model import RegisteredModel
from operations.registry.registry import CHAMPION, registered_model, registered_models, versions_of
from recognition.configuration.nearest import nearest
from recognition.errors import InputError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

SHOWN = 10  # names that a message lists


def find_model(client: MlflowClient, word: str) -> RegisteredModel:
    """A version in the registry, as ours; `find_record` tells of arguments and errors."""
    return registered_model(find_record(client, word))


def find_record(client: MlflowClient, word: str) -> ModelVersion:
    """MLflow's record of a version in the registry.

    Args:
        client: A client from `tracking.connect`.
        word: As WORDS tell, with or without "models:/" before it; aliases besides champion count too.

    Raises:
        InputError: If there is no such model, version or alias, or several models could be meant.
    """
    from mlflow.exceptions import MlflowException

    names = model_names(client)
    name, alias, number = _parse(word.removeprefix(SCHEME), names)
    try:
        if alias:
            return client.get_model_version_by_alias(name, alias)
        return client.get_model_version(name, number)
    except MlflowException as error:
        if not is_no_such_version(client, name, error):
            raise
        raise _no_such_version(client, word, name, alias) from None


def model_names(client: MlflowClient) -> list[str]:
    """Names of all registered models, sorted."""
    return sorted(model.name for model in registered_models(client))


def find_name(client: MlflowClient, name: str | None) -> str:
    """Name of a registered model, checked; the only one's where none is given.

    Args:
        client: A client from `tracking.connect`.
        name: What was asked for, None for nothing.

    Raises:
        InputError: If there is no such model, or several could be meant.
    """
    names = model_names(client)
    if name is None:
        return _only(CHAMPION, _some(CHAMPION, names))
    _check_name(name, name, _some(name, names))
    return name


def _parse(word: str, names: Sequence[str]) -> Address:
    """What a word names where these models are registered."""
    if word in _some(word, names):
        return Address(word, CHAMPION, "")
    if address := parse_address(word):
        _check_name(word, address.name, names)
        return address
    if word == CHAMPION:
        return Address(_only(word, names), CHAMPION, "")
    if word.isdecimal():
        return Address(_only(word, names), "", word)
    raise _no_such_model(word, word, names)


def _some(word: str, names: Sequence[str]) -> Sequence[str]:
    if not names:
        raise InputError(
            "no model is registered yet",
            received=word,
            remedy="train one: python run_pipeline.py --config train.yaml",
        )
    return names


def _only(word: str, names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    mark = "@" if word == CHAMPION else "/"
    meant = " or ".join(f"{name}{mark}{word}" for name in names[:SHOWN])
    raise InputError("there are several models", received=word, expected=meant, remedy="put the model's name before it")


def _check_name(word: str, name: str, names: Sequence[str]) -> None:
    if name not in names:
        raise _no_such_model(word, name, names)


def _no_such_model(word: str, name: str, names: Sequence[str]) -> InputError:
    near = nearest(name, names)
    return InputError(
        "there is no registered model of this name",
        received=word,
        expected=f"{WORDS}; there {'is' if len(names) == 1 else 'are'} {', '.join(names[:SHOWN])}",
        remedy=f"did you mean {near}?" if near else "",
    )


def _no_such_version(client: MlflowClient, word: str, name: str, alias: str) -> InputError:
    numbers = [int(version.version) for version in versions_of(client, name)]
    aliases = sorted(client.get_registered_model(name).aliases)
    there = [f"{name}@{each}" for each in aliases] + [f"{name}/{each}" for each in numbers[-SHOWN:]]
    problem = f"this model has no {alias}" if alias else "this model has no such version"
    if alias == CHAMPION:
        problem = "this model has no champion yet"
    return InputError(problem, received=word, expected=" or ".join(there) or "a version")
