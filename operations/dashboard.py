"""The local dashboards: ZenML's and MLflow's pages, as two background processes on the databases of the state folder.

The client goes on using the database itself: nobody is logged in or out, and a run does not notice them.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]

from operations.console import say
from operations.environment import check_writable, state_folder
from operations.locks import state_lock
from recognition.errors import InputError, RecognitionError

HOST = "127.0.0.1"
ZENML, MLFLOW = "ZenML", "MLflow"
CONTENTS = {ZENML: "pipelines, runs, lineage", MLFLOW: "experiments, models"}
STOP_COMMAND = "python run_pipeline.py dashboard stop"
PATIENCE = 120.0  # seconds until a page must answer; two cores take 15
GRACE = 10.0  # seconds to end before being killed
LOG_LINES = 15

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
MLFLOW_SETTINGS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # for language models: seven more processes


@dataclass(frozen=True)
class Server:
    """A page's process.

    Attributes:
        name: Whose page it is.
        port: Where it answers.
        command: What to run.
        settings: What to add to the environment.
    """

    name: str
    port: int
    command: list[str]
    settings: Mapping[str, str]


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
        tracking_uri = _create_databases()
        _decline_survey()
        servers = _servers(port, tracking_uri)
        _start_missing(servers)
        addresses = {server.name: _address(server.name) for server in servers}
    for name, contents in CONTENTS.items():
        say(f"{name:<7} {addresses.get(name, tracking_uri)}   {contents}")
    say(f"to stop: {STOP_COMMAND}")


def stop() -> None:
    """End the pages that `start` started."""
    check_writable(state_folder(), "state folder")
    with state_lock("dashboard"):
        stopped = [name for name in CONTENTS if _end(name)]
    say(f"stopped {' and '.join(stopped)}" if stopped else "no dashboard is running")


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


def _create_databases() -> str:
    """Create or migrate both databases, which a server must not do beside a run.

    Returns:
        The address of the MLflow that runs log to.
    """
    from operations import tracking

    return str(tracking.connect().tracking_uri)


def _decline_survey() -> None:
    """Answer ZenML's question for name, e-mail address and newsletter, which hides every page until it is answered."""
    from zenml.client import Client

    user = Client().active_user
    if "finished_onboarding_survey" not in user.user_metadata:
        done = {**user.user_metadata, "finished_onboarding_survey": True, "overview_tour_done": True}
        Client().update_user(user.name, updated_email_opt_in=False, updated_metadata=done)


def _servers(port: int, tracking_uri: str) -> list[Server]:
    address = [f"--host={HOST}", f"--port={port}"]
    uvicorn = [sys.executable, "-m", "uvicorn", *address, "--log-level=warning", "--timeout-graceful-shutdown=3"]
    zenml = Server(ZENML, port, [*uvicorn, "zenml.zen_server.zen_server_api:app"], ZENML_SETTINGS | _seclusion(port))
    if not tracking_uri.startswith("sqlite:"):
        return [zenml]
    artifacts = (state_folder() / "mlflow" / "artifacts").as_uri()
    stores = [f"--backend-store-uri={tracking_uri}", f"--default-artifact-root={artifacts}", "--no-serve-artifacts"]
    address = [f"--host={HOST}", f"--port={port + 1}"]
    options = [*address, *stores, "--workers=1", "--uvicorn-opts=--log-level=warning"]
    return [zenml, Server(MLFLOW, port + 1, [sys.executable, "-m", "mlflow", "server", *options], MLFLOW_SETTINGS)]


def _seclusion(port: int) -> dict[str, str]:
    """Keep other web pages out of ZenML's, and ZenML's from loading scripts, news and logos from elsewhere."""
    own = f"http://{HOST}:{port}"
    kinds = ("default", "script", "style", "connect", "img", "font", "frame")
    # ZenML strips quotes off both ends of a value: hence the second space, and the address at the end
    policy = "; ".join(f"{kind}-src  'self' 'unsafe-inline' 'unsafe-eval' data: blob: {own}" for kind in kinds)
    return {"ZENML_SERVER_CORS_ALLOW_ORIGINS": own, "ZENML_SERVER_SECURE_HEADERS_CSP": policy}


def _start_missing(servers: list[Server]) -> None:
    missing = [server for server in servers if _process(server.name) is None]
    for server in missing:
        _check_port(server)
    try:
        for server in missing:
            say(f"starting {server.name}")
            _launch(server)
        for server in servers:
            _wait(server.name)
    except BaseException:
        for server in missing:
            _end(server.name)
        raise


def _check_port(server: Server) -> None:
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # or a port just given up looks taken
            probe.bind((HOST, server.port))
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such port"
        raise InputError(
            f"{server.name}'s dashboard cannot have its port",
            received=f"{server.port} ({reason})",
            expected="two free ports: the one of --port for ZenML, and the next for MLflow",
            remedy="name others, such as --port 9237",
        ) from error


def _launch(server: Server) -> None:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    with _log(server.name).open("wb") as log:
        process = subprocess.Popen(
            server.command,
            env={**os.environ, **server.settings},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    record = {"pid": process.pid, "port": server.port, "command": server.command}
    _record_path(server.name).write_text(json.dumps(record), encoding="utf-8")


def _wait(name: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _answers(_record(name)["port"]):
        if _process(name) is None or time.monotonic() > deadline:
            lines = _log(name).read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
            raise RecognitionError(
                f"{name}'s dashboard does not answer",
                received="\n    ".join([f"the end of {_log(name)}", *lines]),
                expected=f"an answer on port {_record(name)['port']} within {PATIENCE:.0f} seconds",
                remedy="see the log, and start again",
            )
        time.sleep(0.2)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)  # knows of no proxy, unlike urllib
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _process(name: str) -> psutil.Process | None:
    """The process that was started, None where it has ended and its number may be another's."""
    with suppress(psutil.Error, OSError, ValueError):
        record = _record(name)
        process = psutil.Process(record["pid"])
        if process.cmdline()[1:] == record["command"][1:]:  # macOS may put another path first
            return process
    return None


def _end(name: str) -> bool:
    process = _process(name)
    _record_path(name).unlink(missing_ok=True)
    if process is None:
        return False
    with suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.terminate()
        _, stubborn = psutil.wait_procs(family, GRACE)
        for member in stubborn:
            member.kill()
        psutil.wait_procs(stubborn, GRACE)
    return True


def _address(name: str) -> str:
    return f"http://{HOST}:{_record(name)['port']}"


def _record(name: str) -> dict[str, Any]:
    return dict(json.loads(_record_path(name).read_text(encoding="utf-8")))


def _folder() -> Path:
    return state_folder() / "dashboard"


def _log(name: str) -> Path:
    return _folder() / f"{name.lower()}.log"


def _record_path(name: str) -> Path:
    return _folder() / f"{name.lower()}.json"
