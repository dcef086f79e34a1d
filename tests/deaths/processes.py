"""What happens in processes that are forked from one that has imported everything, always on the same state folder.

Databases hold absolute paths, and libraries keep connections by them: the folder stays, what lies in it is put back.
"""

import faulthandler
import gc
import json
import os
import shutil
import signal
import sys
import traceback
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from tests.deaths.tracer import Tracer

PATIENCE = 60  # seconds for what takes one: who waits longer waits for ever
TOLD = "DEATHS_TOLD"  # variable that names the file of what somebody was told


@dataclass(frozen=True)
class Ended:
    """What became of a process: whether it was killed at its point, what it returned, and what it said, a line each."""

    killed: bool
    result: object
    told: list


class World:
    """A state folder with ZenML's and MLflow's databases, which this process uses, and whose connections are closed.

    Args:
        folder: Below which all lies; the state folder in it may be there.
    """

    def __init__(self, folder):
        self.root = Path(folder).resolve()
        self.state, self._kept = self.root / "state", self.root / "kept"
        temporary = self.root / "temporary"
        temporary.mkdir(exist_ok=True)
        os.environ |= {"RECOGNITION_STATE": str(self.state), "TMPDIR": str(temporary), TOLD: str(self.root / "told")}
        from operations.platform.environment import prepare_environment
        from tests.forked import hasten

        prepare_environment()
        hasten()
        from operations.tracking import connection

        connection.connect()
        self.close()
        self.keep()
        self.restore()

    def warm(self, scenario):
        """Do once in this process what its forks do: what libraries keep in memory of it, they have from the start."""
        with redirect_stdout(StringIO()):
            scenario.prepare()
            scenario.command()
            scenario.after()
        self.close()
        self.restore()
        gc.freeze()  # what is never looked at is not copied for each fork

    def close(self):
        """Close all connections: nothing of SQLite's may be open when a process is forked."""
        from sqlalchemy import Engine

        for engine in [each for each in gc.get_objects() if isinstance(each, Engine)]:
            engine.dispose()

    def keep(self, name="empty"):
        """Let what there is be what `restore` brings back."""
        shutil.rmtree(self._kept / name, ignore_errors=True)
        shutil.copytree(self.state, self._kept / name, symlinks=True)

    def restore(self, name="empty"):
        shutil.rmtree(self.state)
        shutil.copytree(self._kept / name, self.state, symlinks=True)
        (self.root / "told").write_text("")

    def run(self, function):
        """Let a process do something, and wait for its end.

        Raises:
            RuntimeError: It failed.
        """
        return self._ended(function)

    def trace(self, function, die_at=None):
        """The same, followed by a `Tracer`; what it returns are the points: lists of kind, what and place."""

        def traced():
            tracer = Tracer(self.state, die_at)
            function()
            return [[point.kind, point.what, point.place] for point in tracer.points]

        return self._ended(traced)

    def _ended(self, function):
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reading)
            _become(function, writing)
        os.close(writing)
        with open(reading, "rb") as answer:
            text = answer.read()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status == -signal.SIGKILL:
            return Ended(True, None, [])
        if not text:
            raise RuntimeError(f"it did not end within {PATIENCE} s")
        document = json.loads(text)
        if "failed" in document:
            raise RuntimeError(document["failed"])
        return Ended(False, document["result"], document["told"])


def _become(function, writing):
    """Be the process: do it, tell what came of it, and end."""
    gc.disable()
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    told = StringIO()
    try:
        with redirect_stdout(told):
            result = function()
        document = {"result": result, "told": told.getvalue().splitlines()}
    except BaseException:
        document = {"failed": f"{told.getvalue()}{traceback.format_exc()}"}
    try:
        with open(writing, "wb") as answer:
            answer.write(json.dumps(document, default=str).encode())
        sys.stderr.flush()
    finally:
        os._exit(0)
