"""ZenML's active stack: opened by one command at a time, and sent no more code than it needs."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from operations.environment import PROJECT
from operations.locks import state_lock
from recognition.errors import InputError

LOCAL = "local"


def active_stack_name() -> str:
    """Name of the active stack; a lock keeps two first uses from making ZenML's database at the same time."""
    with state_lock("zenml"):
        from zenml.client import Client

        return str(Client().active_stack_model.name)


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
