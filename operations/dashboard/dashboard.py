"""The local dashboards: ZenML's and MLflow's pages, as two background processes on the databases of the state folder.

The client goes on using the database itself: nobody is logged in or out, and a run does not notice them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from operations.dashboard.background import HOST, STOP_COMMAND, Server, end, port_of, start_missing
from operations.dashboard.pages import PORT_VARIABLE
from operations.dashboard.token import with_token
from operations.platform.console import echo
from operations.platform.environment import PROJECT, check_writable, state_folder
from operations.platform.locks import state_lock
from recognition.errors import InputError

if TYPE_CHECKING:
    from mlflow import MlflowClient

ZENML, MLFLOW = "ZenML", "MLflow"

# What `zenml login --local` gives its server, and what keeps the page from fetching news
ZENML_SETTINGS = {
    "ZENML_SERVER": "true",
    "ZENML_SERVER_DEPLOYMENT_TYPE": "local",
    "ZENML_SERVER_AUTH_SCHEME": "NO_AUTH",
    "ZENML_SERVER_AUTO_ACTIVATE": "true",
    "ZENML_SERVER_ALLOW_LOCAL_FILE_ACCESS": "true",  # for logs and pictures in the local artifact store
    "ZENML_SERVER_DISPLAY_ANNOUNCEMENTS": "false",
    "ZENML_SERVER_DISPLAY_UPDATES": "false",
    "ZENML_LOGGING_VERBOSITY": "WARNING",
    "DISABLE_DATABASE_MIGRATION": "true",  # the client has done it
}
MLFLOW_SETTINGS = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # its workers are for language models
    "_MLFLOW_IN_JOB_EXECUTOR": "false",  # nor may it run code that is stored
}


def start(port: int) -> None:
    """Start ZenML's page on a port and MLflow's on the next, wait for both, print their addresses; safe to repeat.

    Args:
        port: ZenML's port; pages that run already stay where they are.

    Raises:
        InputError: If a port is taken, or ZenML does not work with a local database.
        RecognitionError: If a page does not answer in time.
    """
    check_writable(state_folder(), "state folder")
    _check_store()
    with state_lock("dashboard"):
        client = _create_databases()
        _decline_survey()
        servers = _servers(port, client)
        start_missing(servers)
        pages = {each.name: with_token(f"http://{HOST}:{port_of(each.name)}{each.path}") for each in servers}
    for name in (ZENML, MLFLOW):
        echo(f"{name:<7} {pages.get(name, client.tracking_uri)}")
    echo(f"to stop: {STOP_COMMAND}")


def stop() -> None:
    """End the pages that `start` started."""
    check_writable(state_folder(), "state folder")
    with state_lock("dashboard"):
        stopped = [name for name in (ZENML, MLFLOW) if end(name)]
    echo(f"stopped {' and '.join(stopped)}" if stopped else "no dashboard is running")


def _check_store() -> None:
    from zenml.config.global_config import GlobalConfiguration

    url = urlsplit(GlobalConfiguration().store_configuration.url)
    if url.scheme == "sqlite":
        return
    address = f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"  # without a password
    raise InputError(
        "ZenML works with a server, and a local dashboard would not show its runs",
        received=address,
        expected="ZenML's local database",
        remedy=f"open that server's own dashboard: {address}",
    )


def _create_databases() -> MlflowClient:
    """Create or migrate both databases, which a server must not do beside a run; a client of the runs' MLflow."""
    from operations.platform.stack import active_stack_name
    from operations.tracking import connection

    active_stack_name()
    return connection.connect()


def _decline_survey() -> None:
    """Answer ZenML's question for name, e-mail address and newsletter, which hides every page until it is answered."""
    from zenml.client import Client

    user = Client().active_user
    if "finished_onboarding_survey" not in user.user_metadata:
        done = {**user.user_metadata, "finished_onboarding_survey": True, "overview_tour_done": True}
        Client().update_user(user.name, updated_email_opt_in=False, updated_metadata=done)


def _servers(port: int, client: MlflowClient) -> list[Server]:
    """ZenML's page, and MLflow's where runs are logged on this machine."""
    return [_zenml(port), *([_mlflow(port + 1, client)] if client.tracking_uri.startswith("sqlite:") else [])]


def _zenml(port: int) -> Server:
    return _server(ZENML, port, "/projects/default/runs", ZENML_SETTINGS | _seclusion(port))


def _mlflow(port: int, client: MlflowClient) -> Server:
    from operations.tracking.mlflow_runs import EXPERIMENT

    experiment = client.get_experiment_by_name(EXPERIMENT)
    place = f"experiments/{experiment.experiment_id}/runs" if experiment else "experiments"
    artifacts = (state_folder() / "mlflow" / "artifacts").as_uri()
    stores = {"MLFLOW_BACKEND_STORE_URI": client.tracking_uri, "MLFLOW_DEFAULT_ARTIFACT_ROOT": artifacts}
    return _server(MLFLOW, port, f"/#/{place}?workflowType=machine_learning", MLFLOW_SETTINGS | stores)


def _server(name: str, port: int, path: str, settings: dict[str, str]) -> Server:
    app = [f"--app-dir={PROJECT}", "--factory", f"operations.dashboard.pages:{name.lower()}"]
    options = ["--log-level=warning", "--timeout-graceful-shutdown=3", f"--host={HOST}", f"--port={port}"]
    command = [sys.executable, "-m", "uvicorn", *app, *options]
    return Server(name, port, path, command, {**settings, PORT_VARIABLE: str(port)})


def _seclusion(port: int) -> dict[str, str]:
    """Keep other web pages out of ZenML's, and ZenML's from loading scripts, news and logos from elsewhere."""
    own = f"http://{HOST}:{port}"
    kinds = ("default", "script", "style", "connect", "img", "font", "frame")
    # ZenML strips quotes off both ends of a value: hence the second space, and the address at the end
    policy = "; ".join(f"{kind}-src  'self' 'unsafe-inline' 'unsafe-eval' data: blob: {own}" for kind in kinds)
    return {"ZENML_SERVER_CORS_ALLOW_ORIGINS": own, "ZENML_SERVER_SECURE_HEADERS_CSP": policy}
