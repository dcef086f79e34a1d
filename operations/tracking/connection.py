"""MLflow, connected: the stack's tracker, a server of one's own, or a local SQLite."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from mlflow import MlflowClient

from operations.platform.environment import state_folder
from operations.platform.locks import state_lock
from operations.platform.stack import is_without_tracker
from operations.platform.termination import uninterrupted
from recognition.errors import InputError

CREDENTIALS = ("MLFLOW_TRACKING_", "DATABRICKS_")  # variables that a stack's tracker sets
TRACKING_VARIABLE = "RECOGNITION_TRACKING_URI"


def local_tracking_uri() -> str:
    """Address of the local MLflow database."""
    return f"sqlite:///{state_folder() / 'mlflow' / 'mlflow.db'}"


@uninterrupted()
def connect() -> MlflowClient:
    """A client of the active stack's MLflow tracker, or of the local database where the stack has none.

    RECOGNITION_TRACKING_URI names a server in place of both: who only uses models needs no ZenML then. MLflow's own
    variable cannot do that, since MLflow and ZenML set it themselves.
    """
    named = os.environ.get(TRACKING_VARIABLE)
    return connect_server(named) if named else connect_tracker(_active_tracker())


def connect_server(uri: str) -> MlflowClient:
    """A client of an MLflow server, with the credentials of MLFLOW_TRACKING_USERNAME and _PASSWORD if there are any.

    Args:
        uri: Its address.

    Raises:
        InputError: If it is no address of a server.
    """
    import mlflow

    if urlsplit(uri).scheme not in ("http", "https"):
        raise InputError(
            "this is no address of an MLflow server",
            received=f"{TRACKING_VARIABLE}={uri}",
            expected="http://HOST:PORT or https://HOST",
            remedy=f"name a server, or unset {TRACKING_VARIABLE} to use the active stack's",
        )
    mlflow.set_tracking_uri(uri)
    return MlflowClient()


def connect_tracker(tracker: Any | None) -> MlflowClient:
    """A client of a stack's MLflow tracker, or of the local database where there is none.

    A lock keeps two first uses from migrating the local database at the same time.

    Args:
        tracker: ZenML's experiment tracker.
    """
    import mlflow

    if tracker is not None and hasattr(tracker, "configure_mlflow"):
        tracker.configure_mlflow()
        return MlflowClient()
    (state_folder() / "mlflow").mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(local_tracking_uri())
    with state_lock("mlflow"):
        client = MlflowClient()
        client.search_experiments(max_results=1)
    return client


@contextmanager
def connected(tracker: Any | None) -> Iterator[MlflowClient]:
    """A client of a tracker; afterwards the process is as before, so that no server is sent another's password.

    Args:
        tracker: As of `connect_tracker`.
    """
    import mlflow

    before, uri = dict(os.environ), mlflow.get_tracking_uri()
    try:
        yield connect_tracker(tracker)
    finally:
        for name in [name for name in os.environ if name.startswith(CREDENTIALS) and name not in before]:
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if name.startswith(CREDENTIALS)})
        mlflow.set_tracking_uri(uri)


def address(client: MlflowClient) -> str:
    """Where a client's registry is, for people and to tell registries apart: without a password, "local" for ours."""
    if str(client.tracking_uri) == local_tracking_uri():
        return "local"
    url = urlsplit(str(client.tracking_uri))
    return url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()


def _active_tracker() -> Any:
    """The active stack's tracker, None without one; ZenML is not imported just to learn that there is none."""
    if "zenml" not in sys.modules and is_without_tracker():
        return None
    from zenml.client import Client

    return Client().active_stack.experiment_tracker
