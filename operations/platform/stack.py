"""ZenML's active stack: opened by one command at a time, and sent no more code than it needs."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from operations.platform.environment import PROJECT
from operations.platform.locks import state_lock
from recognition.configuration.sections.resources import ResourcesConfig
from recognition.errors import InputError

LOCAL = "local"
OVERRULING = ("ZENML_STORE_", "ZENML_ACTIVE_STACK_ID", "ZENML_REPOSITORY_PATH", "ZENML_SERVER")
REPOSITORY = ".zen"  # folder with an active stack of its own, in this folder or above it
SQLITE = "sqlite:///"
TRACKERS = """
SELECT (SELECT COUNT(*) FROM stack WHERE id = :stack), (SELECT COUNT(*) FROM stack_composition
JOIN stack_component ON stack_component.id = component_id WHERE stack_id = :stack AND type = 'experiment_tracker')
"""


def active_stack_name() -> str:
    """Name of the active stack; a lock keeps two first uses from making ZenML's database at the same time."""
    with state_lock("zenml"):
        from zenml.client import Client

        return str(Client().active_stack_model.name)


def is_without_tracker() -> bool:
    """Whether ZenML's own files tell that the active stack has no experiment tracker: to import ZenML takes seconds.

    False where anything is unknown to this code, such as a server, a repository or a database of another layout: then
    only ZenML knows.
    """
    here = Path.cwd()
    if any(name.startswith(OVERRULING) for name in os.environ):
        return False
    if any((folder / REPOSITORY).exists() for folder in (here, *here.parents)):
        return False
    try:
        settings = yaml.safe_load((Path(os.environ["ZENML_CONFIG_PATH"]) / "config.yaml").read_text(encoding="utf-8"))
        database = str(settings["store"]["url"])
        stack = UUID(settings["active_stack_id"]).hex
        return database.startswith(SQLITE) and _count_trackers(Path(database.removeprefix(SQLITE)), stack) == (1, 0)
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError, sqlite3.Error):
        return False


def _count_trackers(database: Path, stack: str) -> tuple[int, int]:
    """How many stacks have this id, and how many trackers they have."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
        stacks, trackers = connection.execute(TRACKERS, {"stack": stack}).fetchone()
    return stacks, trackers


def describe_resources(resources: ResourcesConfig) -> str:
    """What becomes of what a run asks of a cluster: never ignored without a word; "" where it asks nothing.

    Args:
        resources: Section `resources`.
    """
    asked = resources.of_cluster()
    if not asked:
        return ""
    from zenml.client import Client

    from operations.platform.target import is_on_kubernetes

    if not is_on_kubernetes(Client().active_stack_model):
        return f"not applied, as the stack is on no cluster: {', '.join(asked)}"
    return ", ".join(f"{key} {_told(value)}" for key, value in asked.items())


def _told(value: Any) -> str:
    pairs = [f"{key}={text}" for key, text in value.items()] if isinstance(value, dict) else value
    return " ".join(pairs) if isinstance(pairs, list | tuple) else str(pairs)


def check_source_root(stack: Any, root: Path = PROJECT) -> None:
    """Refuse to send code to another machine from outside git.

    ZenML sends what git does not ignore; without git everything: virtual environment, data and state.

    Args:
        stack: A ZenML stack.
        root: The checkout.

    Raises:
        InputError: If the stack needs the code sent, and git does not know the checkout.
    """
    flavor = stack.orchestrator.flavor
    if flavor == LOCAL or _is_work_tree(root):
        return
    raise InputError(
        "without git, ZenML would send the virtual environment, data and state along with the code",
        received=f"the stack {stack.name} with its {flavor} orchestrator, and {root} outside git",
        expected="a git checkout, whose .gitignore says what stays here",
        remedy=f"git init {root}",
    )


def _is_work_tree(root: Path) -> bool:
    command = ["git", "-C", str(root), "rev-parse", "--is-inside-work-tree"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.strip() == "true"
