"""The state as the user's own shell sees it."""

from __future__ import annotations

import os
import shlex

from operations.platform.environment import OFFLINE, zenml_environment
from operations.tracking.connection import local_tracking_uri


def shell_line() -> str:
    """The line that lets ZenML's and MLflow's own commands, in the user's shell, see the same state."""
    offline = {name: os.environ.get(name, value) for name, value in OFFLINE.items()}
    settings = {**zenml_environment(), **offline, "MLFLOW_TRACKING_URI": local_tracking_uri()}
    return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
