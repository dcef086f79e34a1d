"""Around every request: its id, its line in the log, its numbers, and headers that keep browsers from mischief."""

from __future__ import annotations

import random
import re
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recognition.serving.logs import REQUESTS
from recognition.serving.metrics import Metrics

ID_HEADER = b"x-request-id"
PROPER_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
PROBES, OK = ("/healthz", "/readyz", "/metrics"), 200  # what machines ask all the time
ANY_PATH = "other"  # for all paths that do not exist: labels must not grow with what clients ask for
SECURITY = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))


class Observed:
    """An application whose requests are seen.

    The application finds the request's id as `scope["request_id"]`, and adds what it knows to `scope["facts"]`: that is
    logged with the request.

    Args:
        application: The application.
        paths: Those that exist.
        metrics: Where requests are counted.
    """

    def __init__(self, application: ASGIApp, paths: frozenset[str], metrics: Metrics) -> None:
        self._application, self._paths, self._metrics = application, paths, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the server's start and stop."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        start, given = time.perf_counter(), dict(scope["headers"]).get(ID_HEADER, b"")
        identity = given if PROPER_ID.fullmatch(given) else b"%032x" % random.getrandbits(128)
        scope["request_id"], scope["facts"] = identity.decode(), {}
        status = 500

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (ID_HEADER, identity), *SECURITY]
            await send(message)

        try:
            await self._application(scope, receive, send_observed)
        finally:
            self._record(scope, status, time.perf_counter() - start)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        path = scope["path"] if scope["path"] in self._paths else ANY_PATH
        self._metrics.requests.labels(path, str(status)).inc()
        self._metrics.seconds.labels(path).observe(seconds)
        if path in PROBES and status == OK:  # every other second, for ever
            return
        client = scope.get("client") or ("",)
        line: dict[str, Any] = {
            "id": scope["request_id"],
            "client": client[0],
            "method": scope["method"],
            "path": scope["path"][:200],
            "status": status,
            "ms": round(1000 * seconds, 2),
            **scope["facts"],
        }
        REQUESTS.info("request", extra={"fields": line})
