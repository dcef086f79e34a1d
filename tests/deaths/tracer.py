"""Counts what a process does that outlasts it, and ends it at one of these points.

A point lies before each change that the system or a server would keep: a file opened for writing, and once more when it
has been opened and is empty; a rename, a removal, a new folder; an fsync; a commit to SQLite that changes something; a
request that is more than a question; a process that is started.
"""

import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
OURS = ("operations", "recognition", "steps", "materializers", "commands", "pipelines")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGING = {"os.rename": "rename", "os.remove": "unlink", "os.rmdir": "rmdir", "os.mkdir": "mkdir", "os.link": "link"}
STARTING = ("subprocess.Popen", "os.posix_spawn")
QUESTIONS = ("GET", "HEAD", "OPTIONS")
READING = ("SELECT", "PRAGMA", "WITH", "EXPLAIN")


@dataclass(frozen=True)
class Point:
    """What is about to happen, to what, and the innermost function of ours that asked for it: "FILE:FUNCTION"."""

    kind: str
    what: str
    place: str


class Tracer:
    """To be made once in a process, which it changes for good.

    Args:
        root: Only files below this folder count.
        die_at: The number of the point, from 1, at which the process is killed; None for no death.
    """

    def __init__(self, root, die_at=None):
        self.points = []
        self._root, self._die_at, self._lock, self._local = str(root), die_at, threading.RLock(), threading.local()
        sys.dont_write_bytecode = True
        sys.addaudithook(self._hear)
        self._follow_fsync()
        self._follow_sqlite()
        self._follow_requests()

    def _point(self, kind, what, before_death=lambda: None):
        with self._lock:
            self.points.append(Point(kind, what, _place()))
            if len(self.points) == self._die_at:
                before_death()
                os.kill(os.getpid(), signal.SIGKILL)

    def _hear(self, event, arguments):
        if getattr(self._local, "is_ours", False):
            return
        if event in ("open", *CHANGING, *STARTING):
            self._local.is_ours = True
            try:
                self._heard(event, arguments)
            finally:
                self._local.is_ours = False

    def _heard(self, event, arguments):
        if event in STARTING:
            self._point("process", os.fsdecode(arguments[0]))
        elif event == "os.mkdir" and os.path.isdir(arguments[0]):
            return
        elif event != "open":
            if any(self._counts(path) for path in arguments[: 2 if event == "os.rename" else 1]):
                self._point(CHANGING[event], self._named(arguments[0]))
        elif self._counts(path := arguments[0]) and arguments[2] & WRITING:
            if str(path).endswith(".lock") and os.path.exists(path):
                return  # to hold it changes nothing
            self._point("open", self._named(path))
            flags = arguments[2] & ~os.O_EXCL
            self._point("opened", self._named(path), lambda: os.open(path, flags | os.O_CLOEXEC, 0o666))

    def _counts(self, path):
        """Whether a path is below the root; one that is relative to an open folder is, as `rmtree` has them."""
        if isinstance(path, int):
            return False
        path = os.fsdecode(path)
        return path.startswith(self._root) or not os.path.isabs(path)

    def _named(self, path):
        return os.fsdecode(path).removeprefix(self._root)

    def _follow_fsync(self):
        fsync = os.fsync

        def followed(descriptor):
            self._point("fsync", "")
            fsync(descriptor)

        os.fsync = followed

    def _follow_sqlite(self):
        from sqlalchemy import Engine, event

        @event.listens_for(Engine, "before_cursor_execute")
        def _(connection, cursor, statement, *rest):
            words = statement.split(None, 3)
            if words[0].upper() not in READING:
                connection.info.setdefault("changes", []).append(" ".join(words[:3])[:60])

        @event.listens_for(Engine, "commit")
        def _(connection):
            if changes := connection.info.pop("changes", None):
                self._point("commit", "; ".join(dict.fromkeys(changes)))

        @event.listens_for(Engine, "rollback")
        def _(connection):
            connection.info.pop("changes", None)

    def _follow_requests(self):
        from urllib3 import HTTPConnectionPool

        urlopen = HTTPConnectionPool.urlopen

        def followed(pool, method, url, *arguments, **options):
            if method.upper() not in QUESTIONS:
                self._point("request", f"{method} {url.partition('?')[0]}")
            return urlopen(pool, method, url, *arguments, **options)

        HTTPConnectionPool.urlopen = followed


def _place():
    frame = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(str(PROJECT)):
            relative = path[len(str(PROJECT)) + 1 :]
            if relative.partition("/")[0] in OURS:
                return f"{relative}:{frame.f_code.co_name}"
        frame = frame.f_back
    return ""
