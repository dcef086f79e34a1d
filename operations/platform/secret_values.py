"""The secrets that a configuration names: variables of the environment, or ZenML's secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping

from recognition.errors import InputError


def secret_value(key: str, reference: str) -> str:
    """What a reference stands for.

    Args:
        key: The configuration's key, for messages.
        reference: "env:VARIABLE" or "secret:NAME.KEY".

    Raises:
        InputError: If there is no such thing, or it is empty; the message repeats no value.
    """
    kind, _, name = reference.partition(":")
    value = os.environ.get(name, "") if kind == "env" else _zenml_value(name)
    if value:
        return value
    made = name.partition(".")
    ways = {
        "env": f"export {name}=…, also where a scheduler starts the run",
        "secret": f"zenml secret create {made[0]} --{made[2]}=…",
    }
    problem = "names a variable that is not set" if kind == "env" else "names a secret that ZenML does not have"
    raise InputError(f"{key} {problem}", received=reference, remedy=ways[kind])


def zenml_secret(name: str) -> Mapping[str, str] | None:
    """Values of a secret of ZenML's by their keys; None where it, or a store of secrets, is missing."""
    from zenml.client import Client

    try:
        return Client().get_secret_by_name_and_private_status(name).secret_values
    except (KeyError, NotImplementedError):
        return None


def _zenml_value(name: str) -> str:
    secret, _, key = name.partition(".")
    return (zenml_secret(secret) or {}).get(key, "")
