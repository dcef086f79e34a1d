"""Commands in processes of their own, without the 15 seconds in which Python imports TensorFlow, ZenML and MLflow.

A server imports them once and is forked for each command; what a command does from its first line on is what it always
does. Our own modules are never imported here: a test may run another checkout. A command whose environment or
interpreter differs in what an import may look at is started as any other process, and so are some tests' commands on
purpose (`Command.start(forked=False)`), so that the real start is tested too.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from functools import cache

PRELOADED = (
    *("pandas", "scipy.stats", "sklearn.metrics", "matplotlib.pyplot", "PIL.Image", "pyarrow.parquet", "h5py"),
    *("tensorflow", "keras", "zenml.client", "zenml.zen_stores.sql_zen_store", "zenml.integrations.registry"),
    *("mlflow.keras", "mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store"),
)
HIDDEN = ("tensorflow", "keras", "zenml", "mlflow")  # until a command imports them: it may ask what is imported already
LONGEST = 1_000_000  # bytes of a question
SEEN_BY_IMPORTS = ("PYTHON", "LD_", "TF_", "XLA_", "OMP_", "CUDA_", "KERAS_", "MPL", "MALLOC_")


def may_be_forked(words, environment):
    """Whether a command and its environment leave to the server what it has imported."""
    differing = [name for name in {**environment, **os.environ} if environment.get(name) != os.environ.get(name)]
    is_seen = any(name.startswith(SEEN_BY_IMPORTS) for name in differing)
    return hasattr(os, "pidfd_open") and "--debug" not in words and not is_seen


@cache
def hasten():
    """Let ZenML ask once which packages are installed, which it does for each run and step, and SQLite not wait for the
    disk: what a killed process has written is there all the same.
    """
    import sqlite3

    from sqlalchemy import Engine, event
    from zenml.environment import Environment
    from zenml.integrations import integration

    Environment.get_python_packages = staticmethod(cache(Environment.get_python_packages))
    integration.requirement_installed = cache(integration.requirement_installed)

    @event.listens_for(Engine, "connect")
    def _(connection, record):
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")


class Server:
    """The process that is forked; started when it is first needed, with what the product tells libraries at import."""

    def __init__(self, settings):
        self._environment, self._process, self._lock = {**os.environ, **settings}, None, threading.Lock()

    def start(self, words, cwd, env, stdin, stdout, stderr):
        """A `Forked`, as `subprocess.Popen` would start Python.

        Args:
            words: What follows the interpreter: a script, -m NAME or -c CODE, and its arguments.
            cwd: Its folder.
            env: Its environment.
            stdin: An open file.
            stdout: Another.
            stderr: Another.
        """
        if self._process is None:
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                command = [sys.executable, __file__, str(theirs.fileno())]
                self._process = subprocess.Popen(command, env=self._environment, pass_fds=[theirs.fileno()])
        asked = {"words": list(map(str, words)), "cwd": str(cwd), "env": env}
        return Forked(self, self.ask(asked, [file.fileno() for file in (stdin, stdout, stderr)]))

    def ask(self, question, descriptors=()):
        with self._lock:  # a timer may kill a process
            socket.send_fds(self._socket, [json.dumps(question).encode()], descriptors)
            return json.loads(self._socket.recv(LONGEST))

    def close(self):
        if self._process is not None:
            self._socket.close()
            self._process.kill()  # in order, it would take seconds
            self._process.wait()

    @contextmanager
    def talking(self, words, cwd, env):
        """A `Forked` that is killed in the end, a file to write to its standard input, and one of its output."""
        with ExitStack() as stack:
            (theirs, ours), (heard, told) = os.pipe(), os.pipe()
            with open(theirs) as stdin, open(told, "w") as stdout:
                process = self.start(words, cwd, env, stdin, stdout, sys.__stderr__)
            writing, reading = stack.enter_context(open(ours, "w")), stack.enter_context(open(heard))
            stack.callback(process.wait, 60)
            stack.callback(process.kill)
            yield process, writing, reading


class Forked:
    """What `subprocess.Popen` is for a process that the server has forked."""

    def __init__(self, server, pid):
        self._server, self.pid, self.returncode, self._descriptor = server, pid, None, os.pidfd_open(pid)

    def poll(self):
        return self._ended(0)

    def wait(self, timeout=None):
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired(f"forked {self.pid}", timeout)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds):
        """The exit status once the process has ended within some seconds, else None."""
        if self.returncode is None and select.select([self._descriptor], [], [], seconds)[0]:
            self.returncode = self._server.ask({"ended": self.pid})
            os.close(self._descriptor)
        return self.returncode


class _Hidden:
    """Brings back imported modules the moment that a command imports them: an importer for `sys.meta_path`."""

    def __init__(self):
        self._modules = {
            root: {name: module for name, module in sys.modules.items() if name.partition(".")[0] == root}
            for root in HIDDEN
        }
        for modules in self._modules.values():
            for name in modules:
                del sys.modules[name]

    def find_spec(self, name, path=None, target=None):
        from importlib.util import spec_from_loader

        return spec_from_loader(name, self) if name in self._modules else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        sys.modules.update(self._modules.pop(module.__name__))


def _serve(asking):
    """Answer each message: fork, and tell the process's id; or tell the status of one that has ended.

    Returns:
        None at the end, and in a fork what it was asked for and its standard files.
    """
    import warnings
    from importlib import import_module

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in PRELOADED:
            import_module(name)
        from zenml.environment import Environment
        from zenml.integrations.registry import integration_registry

        hasten()
        Environment.get_python_packages()
        for integration in integration_registry.integrations.values():
            integration.check_installation()
    gc.freeze()  # what is shared with each command stays shared
    while (received := socket.recv_fds(asking, LONGEST, 3))[0]:
        asked, descriptors = json.loads(received[0]), received[1]
        if "ended" in asked:
            answer = os.waitstatus_to_exitcode(os.waitpid(asked["ended"], 0)[1])
        elif not (answer := os.fork()):
            return asked, descriptors
        for descriptor in descriptors:
            os.close(descriptor)
        asking.send(json.dumps(answer).encode())
    return None


def _become(asked, descriptors):
    """Let this process be the command."""
    import runpy
    import tempfile
    from types import ModuleType

    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    time.tzset()
    tempfile.tempdir = None
    if "coverage" in sys.modules:  # as in any process that tests/mutants/site looks at
        import coverage

        coverage.Coverage.current().stop()
        coverage.process_startup(force=True)
    sys.meta_path.insert(0, _Hidden())
    kind, *rest = asked["words"]
    sys.argv[:] = asked["words"] if kind not in ("-m", "-c") else [kind, *rest[1:]]
    sys.path[0] = os.path.dirname(os.path.abspath(kind)) if kind not in ("-m", "-c") else asked["cwd"]
    if kind == "-m":
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        sys.modules["__main__"] = ModuleType("__main__")
        exec(rest[0], vars(sys.modules["__main__"]))
    else:
        runpy.run_path(kind, run_name="__main__")


def _leave(status):
    """End as the interpreter does, but do not take it apart, which takes seconds."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as asking:
        command = _serve(asking)
    if command is not None:
        try:
            _become(*command)
        except SystemExit as end:
            _leave(end.code or 0)
        _leave(0)
