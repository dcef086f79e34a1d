"""The guarded applications, as uvicorn starts them by name; each in a process of its own."""

from __future__ import annotations

import os
import uuid

from starlette.types import ASGIApp

from operations.dashboard.guard import Guard
from operations.dashboard.token import token

PORT_VARIABLE = "RECOGNITION_DASHBOARD_PORT"


def zenml() -> ASGIApp:
    """ZenML's server."""
    from zenml.zen_server.zen_server_api import app

    return _guarded(app)


def mlflow() -> ASGIApp:
    """MLflow's server, on the database and the artifacts that its own variables name."""
    from mlflow.environment_variables import _MLFLOW_SERVER_BOOT_ID
    from mlflow.server import constants

    # What `mlflow server` gives its own application, which nobody could put behind a guard
    os.environ[constants.BACKEND_STORE_URI_ENV_VAR] = os.environ["MLFLOW_BACKEND_STORE_URI"]
    os.environ[constants.ARTIFACT_ROOT_ENV_VAR] = os.environ["MLFLOW_DEFAULT_ARTIFACT_ROOT"]
    os.environ[_MLFLOW_SERVER_BOOT_ID.name] = uuid.uuid4().hex  # by which it knows that it is no client
    from mlflow.server.fastapi_app import app

    return _guarded(app)


def _guarded(app: ASGIApp) -> ASGIApp:
    known = token()
    if known is None:
        raise RuntimeError("a page without a token would let everybody in")
    return Guard(app, int(os.environ[PORT_VARIABLE]), known)
