"""Commands in processes of their own, without the 15 seconds in which Python imports TensorFlow, ZenML and MLflow.

A server imports them once and is forked for each command; what a command does from its first line on is what it always
does. Our own modules are never imported here: a test may run another checkout. A command whose environment or
interpreter differs in what an import may look at is started as any other process, and so are some tests' commands on
purpose (`Command.start(forked=False)`), so that the real start is tested too.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time

PRELOADED = (
    *("pandas", "scipy.stats", "sklearn.metrics", "matplotlib.pyplot", "PIL.Image", "pyarrow.parquet", "h5py"),
    *("tensorflow", "keras", "zenml.client", "zenml.zen_stores.sql_zen_store", "zenml.integrations.registry"),
    *("mlflow.keras", "mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store"),
)
HIDDEN = ("tensorflow", "keras", "zenml", "mlflow")  # until a command imports them: it may ask what is imported already
SEEN_BY_IMPORTS = ("PYTHON", "LD_", "TF_", "XLA_", "OMP_", "CUDA_", "KERAS_", "MPL", "MALLOC_")


def may_be_forked(words, environment):
    """Whether a command and its environment leave to the server what it has imported."""
    differing = [name for name in {**environment, **os.environ} if environment.get(name) != os.environ.get(name)]
    is_seen = any(name.startswith(SEEN_BY_IMPORTS) for name in differing)
    return hasattr(os, "pidfd_open") and "--debug" not in words and not is_seen


class Server:
    """The process that is forked; started when it is first needed, with what the product tells libraries at import."""

    def __init__(self, settings):
        self._environment, self._process = {**os.environ, **settings}, None

    def start(self, words, cwd, env, stdout, stderr):
        """A script and its arguments, as `subprocess.Popen` would start them: a `Forked`."""
        if self._process is None:
            command = [sys.executable, __file__]
            self._process = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        asked = {"words": list(map(str, words)), "cwd": str(cwd), "env": env}
        return Forked(self, self.ask({**asked, "stdout": str(stdout), "stderr": str(stderr)}))

    def ask(self, question):
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def close(self):
        if self._process is not None:
            self._process.communicate(timeout=60)


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


def _serve():
    """Answer each line of standard input: fork, and tell the process's id; or tell the status of one that has ended."""
    import warnings
    from importlib import import_module

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in PRELOADED:
            import_module(name)
    for line in iter(sys.stdin.readline, ""):
        asked = json.loads(line)
        if "ended" in asked:
            answer = os.waitstatus_to_exitcode(os.waitpid(asked["ended"], 0)[1])
        elif not (answer := os.fork()):
            return asked
        print(json.dumps(answer), flush=True)
    return None


def _become(asked):
    """Let this process be the command."""
    import runpy
    import tempfile

    for name, descriptor, flags in (
        (os.devnull, 0, os.O_RDONLY),
        (asked["stdout"], 1, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (asked["stderr"], 2, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(name, flags, 0o666)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    time.tzset()
    tempfile.tempdir = None
    if "coverage" in sys.modules:  # as in any process that tests/mutants/site looks at
        import coverage

        coverage.Coverage.current().stop()
        coverage.process_startup(force=True)
    sys.argv[:] = asked["words"]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    sys.meta_path.insert(0, _Hidden())
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__" and (command := _serve()) is not None:
    _become(command)
