"""Web servers of our own in the background: started, found again, ended."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from operations.dashboard.token import renew, token
from operations.platform.console import echo
from operations.platform.environment import state_folder
from recognition.errors import InputError, RecognitionError

HOST = "127.0.0.1"
STOP_COMMAND = "python run_pipeline.py dashboard stop"
PATIENCE = 120.0  # seconds until a page must answer; two cores take 15
GRACE = 10.0  # seconds to end before being killed
LOG_LINES = 15


@dataclass(frozen=True)
class Server:
    """A page's process.

    Attributes:
        name: Whose page it is.
        port: Where it answers.
        path: What to look at first; their own choice is advertisements, and features for language models.
        command: What to run.
        settings: What to add to the environment.
    """

    name: str
    port: int
    path: str
    command: list[str]
    settings: Mapping[str, str]


def start_missing(servers: list[Server]) -> None:
    """Start those servers that do not run, and wait until all answer; what was started ends if one does not.

    Args:
        servers: The servers wanted.

    Raises:
        InputError: If a port is taken.
        RecognitionError: If a server does not answer in time.
    """
    if token() is None:  # what a former version started lets everybody in
        for server in servers:
            end(server.name)
    missing = [server for server in servers if _process(server.name) is None]
    for server in missing:
        _check_port(server)
    _folder().mkdir(parents=True, exist_ok=True)
    if missing == servers:
        renew()
    try:
        for server in missing:
            echo(f"starting {server.name}")
            _launch(server)
        for server in servers:
            _wait(server.name)
    except BaseException:
        for server in missing:
            end(server.name)
        raise


def _check_port(server: Server) -> None:
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # or a port just given up looks taken
            probe.bind((HOST, server.port or -1))  # 0 would be any port
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such port"
        raise InputError(
            f"{server.name}'s dashboard cannot have its port",
            received=f"{server.port} ({reason})",
            expected="two free ports: the one of --port for ZenML, and the next for MLflow",
            remedy="name others, such as --port 9237",
        ) from error


def _launch(server: Server) -> None:
    record = {"port": server.port, "command": server.command}
    _write_record(server.name, record)  # who dies before the number is known leaves enough to find the process by
    with _log(server.name).open("wb") as log:
        process = subprocess.Popen(
            server.command,
            env={**os.environ, **server.settings},
            cwd=_folder(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _write_record(server.name, {"pid": process.pid, **record})


def _wait(name: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _answers(port_of(name)):
        if _process(name) is None or time.monotonic() > deadline:
            lines = _log(name).read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
            raise RecognitionError(
                f"{name}'s dashboard does not answer",
                received="\n    ".join([f"the end of {_log(name)}", *lines]),
                expected=f"an answer on port {_record(name)['port']} within {PATIENCE:.0f} seconds",
                remedy=f"see the log; {STOP_COMMAND}, then start again",
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
        if "pid" not in record:
            return next((each for each in psutil.process_iter() if _started_as(each, record["command"])), None)
        process = psutil.Process(record["pid"])
        if _command(process)[1:] == record["command"][1:]:  # macOS may put another path first
            return process
    return None


def _started_as(process: psutil.Process, command: list[str]) -> bool:
    """Whether a process runs a command in our folder, which another state folder's pages do not."""
    with suppress(psutil.Error, OSError):  # another user's, or gone
        return process.cmdline()[1:] == command[1:] and Path(process.cwd()) == _folder()
    return False


def _command(process: psutil.Process) -> list[str]:
    """A process's command: for a moment after its start Linux has none yet."""
    deadline = time.monotonic() + 1
    while not (command := process.cmdline()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return command


def end(name: str) -> bool:
    """End a server that was started here; whether there was one."""
    process = _process(name)
    if process is not None:
        _end(process)
    _record_path(name).unlink(missing_ok=True)  # last: who dies before can be called again
    return process is not None


def _end(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.terminate()
        _, stubborn = psutil.wait_procs(family, GRACE)
        for member in stubborn:
            member.kill()
        psutil.wait_procs(stubborn, GRACE)


def port_of(name: str) -> int:
    """The port that a server was started on."""
    return int(_record(name)["port"])


def _record(name: str) -> dict[str, Any]:
    return dict(json.loads(_record_path(name).read_text(encoding="utf-8")))


def _write_record(name: str, record: Mapping[str, Any]) -> None:
    unfinished = _record_path(name).with_suffix(".new")
    unfinished.write_text(json.dumps(record), encoding="utf-8")
    unfinished.replace(_record_path(name))


def _folder() -> Path:
    return state_folder() / "dashboard"


def _log(name: str) -> Path:
    return _folder() / f"{name.lower()}.log"


def _record_path(name: str) -> Path:
    return _folder() / f"{name.lower()}.json"
