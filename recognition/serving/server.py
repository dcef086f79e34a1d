"""uvicorn, with a port that is ours before anything heavy begins, and an orderly end."""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

import psutil
import uvicorn

from recognition.errors import InputError
from recognition.serving.application import application
from recognition.serving.connection import Connection
from recognition.serving.service import Service

PORTS_TRIED = 100  # behind one that is taken
SPARE = 1.0  # seconds beyond a request's time limit that the end may take
CONNECTIONS = 2  # times as many as requests may be in flight
OTHER_FILES = 256  # that are open beside connections


class GracefulServer(uvicorn.Server):
    """A server that, asked to stop, says so, goes on for a while, then finishes what is in flight.

    Args:
        service: What it serves.
        drain: Seconds to go on answering after SIGTERM or SIGINT, while /readyz says no; a second signal ends them.
    """

    def __init__(self, service: Service, drain: float = 0.0) -> None:
        self._connections = CONNECTIONS * service.limits.queue
        config = uvicorn.Config(
            application(service),
            http=partial(Connection, service.limits.seconds, self._connections),  # type: ignore[arg-type]
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(service.limits.seconds + SPARE),
        )
        super().__init__(config)
        self._service, self._drain = service, drain
        self._ends: float | None = None

    def serve_on(self, listener: socket.socket) -> bool:
        """Serve until a signal comes, or `should_exit` is set; whether all requests were answered.

        Args:
            listener: A bound socket.
        """
        _allow_files(self._connections + OTHER_FILES)
        self.run(sockets=[listener])
        return self._service.cut == 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; at the second signal at once."""
        if self._ends is not None:
            super().handle_exit(sig, frame)
            return
        self._service.stop()
        self._ends = time.monotonic() + self._drain

    async def on_tick(self, counter: int) -> bool:
        """Whether to exit; called ten times a second."""
        if self._ends is not None and time.monotonic() >= self._ends:
            self.should_exit = True
        for connection in list(self.server_state.connections):
            if isinstance(connection, Connection):
                connection.expire()
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals while serving; unlike uvicorn's own, do not raise them again when all is done."""
        if threading.current_thread() is not threading.main_thread():
            yield  # which alone can handle signals
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def bind(host: str, port: int) -> socket.socket:
    """A bound socket, which refuses connections until the server listens.

    Args:
        host: A name or an address of this machine.
        port: 0 for any free one.

    Raises:
        InputError: If the port is taken, or may not be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (socket.gaierror, OverflowError) as error:
        raise _no_host(host, error) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # or a port just given up looks taken
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _no_port(host, port, error) from None
    return listener


def _allow_files(number: int) -> None:
    """Let this process have so many files open, or as many as its owner may allow it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def address_of(listener: socket.socket) -> str:
    """The address for a browser."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _no_host(host: str, error: Exception) -> InputError:
    return InputError(
        "this machine has no such address",
        received=f"--host {host} ({error})",
        expected="127.0.0.1, ::1, 0.0.0.0 or another address or name of this machine",
    )


def _no_port(host: str, port: int, error: OSError) -> InputError:
    if error.errno == errno.EADDRINUSE:
        free = _free_port(host, port)
        return InputError(
            f"port {port} is in use",
            received=f"--port {port}, held by {_holder(port)}",
            expected="a free port",
            remedy=f"--port {free}" if free else "name another, or 0 for any free one",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return InputError(f"port {port} is for administrators", received=f"--port {port}", expected="1024 or more")
    return _no_host(host, error)


def _holder(port: int) -> str:
    """Who listens at a port, as far as the system tells."""
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                process = psutil.Process(connection.pid)
                own = process.uids().real == os.getuid() if hasattr(os, "getuid") else True
                words = " ".join(process.cmdline())[:100] if own else ""
                return f"process {process.pid} ({words or process.name()})"
    return "a process of another user"


def _free_port(host: str, port: int) -> int | None:
    for candidate in range(port + 1, min(port + PORTS_TRIED, 2**16)):
        with suppress(OSError), socket.create_server((host, candidate)):
            return candidate
    return None
