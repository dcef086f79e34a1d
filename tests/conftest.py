"""Fixtures that more than one folder of tests uses."""

import hashlib
import io
import json
import logging
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import requests
from xdist.scheduler import LoadFileScheduling

import recognition  # noqa: F401 - chooses TensorFlow's kernels, before any test imports TensorFlow
from operations.platform.environment import OFFLINE, QUIET, SAFE
from operations.platform.environment import PATIENCE as PATIENCE_WITH_SERVERS
from tests.forked import Server, may_be_forked

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = "cifar-100-binary"
PATIENCE = 280  # seconds that a command may take on a busy machine
MAIN = sys.modules["__main__"]

if not hasattr(MAIN, "__file__"):  # in a worker of pytest-xdist; ZenML asks where the main module lies
    MAIN.__file__ = str(Path(pytest.__file__).with_name("__main__.py"))


CODE = ("recognition", "commands", "operations", "materializers", "steps", "pipelines", "configs")
FIRST_RUNS_PATIENCE = 900  # seconds: three whole runs at the same moment, in whichever test asks for them first


@cache
def shares_state(path):
    """Whether tests of a file use the state folder of `shared_command`."""
    return "shared_command" in (PROJECT / path).read_text(encoding="utf-8")


def pytest_collection_modifyitems(items):
    """Begin with the files that share a state folder: its first runs take long, and would be waited for at the end."""
    items.sort(key=lambda item: not shares_state(item.path))
    for item in items:
        if "first_runs" in item.fixturenames and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(FIRST_RUNS_PATIENCE))


class StateScheduling(LoadFileScheduling):
    """Keeps a file's tests in one process, and in the same all files that share a state folder: it is filled once."""

    def _split_scope(self, nodeid):
        path = super()._split_scope(nodeid)
        return "shared state" if shares_state(path) else path


def pytest_xdist_make_scheduler(config, log):
    """Xdist's groups would do the same, but are lost with pytest 9.2, which knows no `_nodeid`."""
    return StateScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session", autouse=True)
def float32_on_every_processor():
    """What `train.precision: auto` means in this process, so that expected numbers hold on every machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recognition.training.device.multiplies_bfloat16", lambda: False)
        yield


@pytest.fixture(scope="session")
def cifar100_path():
    """What RECOGNITION_DATA names: the real CIFAR-100, or the folder that holds it, fit for data.path."""
    place = os.environ.get("RECOGNITION_DATA")
    if place:
        return Path(place)
    if os.environ.get("RECOGNITION_REQUIRE_DATA") == "1":
        pytest.fail("RECOGNITION_REQUIRE_DATA is 1, but RECOGNITION_DATA is not set", pytrace=False)
    return pytest.skip("needs CIFAR-100: set RECOGNITION_DATA to its archive or folder")


@pytest.fixture(scope="session")
def cifar100_contents():
    """A function: `train` and `test` random images of each of 100 classes -> the four files, bytes by name."""
    return _contents


@pytest.fixture(scope="session")
def pack():
    """A function: a path and members, bytes or a TarInfo by name -> the tar.gz (or, by suffix, tar) at that path."""
    return _pack


@pytest.fixture(scope="session")
def make_cifar100_archive():
    """A function: a path, and `train` and `test` images a class -> a valid archive of random images at that path."""

    def make(path, train=4, test=2, seed=0):
        contents = _contents(train, test, seed)
        return _pack(path, {f"{FOLDER}/{name}": content for name, content in contents.items()})

    return make


@dataclass(frozen=True)
class Outcome:
    """What became of a command; `folder` is where it ran, `summary` what `--summary=summary.json` wrote there."""

    status: int
    stdout: str
    stderr: str
    folder: Path
    summary: dict | None

    @property
    def name(self):
        """The run's name, as its plan has it."""
        return re.search("^run (.+)$", self.stdout, re.MULTILINE)[1]

    def cached(self):
        """Names of the steps that were taken from the cache."""
        return {name for name, step in self.summary["steps"].items() if step["cached"]}


def outcome(status, folder):
    """What became of a command that ran in a folder."""
    out, err = (folder.with_suffix(suffix).read_text() for suffix in (".out", ".err"))
    written = folder / "summary.json"
    summary = json.loads(written.read_text()) if written.is_file() else None
    return Outcome(status, out, err, folder, summary)


class Running:
    """The command in a process of its own, in a new folder."""

    patience = PATIENCE

    def __init__(self, words, folder, environment, server=None):
        folder.mkdir(parents=True)
        self._folder, self._out, self._err = folder, folder.with_suffix(".out"), folder.with_suffix(".err")
        start = server.start if server is not None else subprocess.Popen
        with self._out.open("wb") as out, self._err.open("wb") as err, open(os.devnull) as nothing:
            self._process = start(words, cwd=folder, env=environment, stdin=nothing, stdout=out, stderr=err)

    def output(self):
        """What it has printed so far."""
        return self._out.read_text()

    def wait_for(self, text, patience=None):
        """Wait until standard output holds a text."""
        deadline = time.monotonic() + (patience or self.patience)
        while text not in self._out.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"no {text!r} in {self._out.read_text()!r}, {self._err.read_text()!r}", pytrace=False)
            time.sleep(0.02)

    def send(self, number):
        self._process.send_signal(number)

    def end(self):
        """Wait for the end and tell what came of it."""
        return outcome(self._process.wait(self.patience), self._folder)

    def kill(self):
        self._process.kill()
        self._process.wait()


class Command:
    """`run_pipeline.py`, started as a user starts it, always on the same state folder."""

    python = sys.executable

    def __init__(self, state, workspace, server=None):
        self.state, self._workspace, self._server, self._started = state, workspace, server, []
        self._former = len(list(workspace.glob("*.out")))  # of an earlier pytest

    def start(self, *arguments, checkout=PROJECT, before=(), forked=True, **environment):
        """Start the command; words `before` it and variables of its environment are the caller's.

        It is forked from a process that has imported the large libraries, where that makes no difference (see
        tests/forked.py), unless `forked` says that a real start is wanted.
        """
        ours = ("ZENML_", "MLFLOW_", "RECOGNITION_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        words = [str(checkout / "run_pipeline.py"), *map(str, arguments)]
        folder = self._workspace / f"{self._former + len(self._started)}"
        settings = {**inherited, "RECOGNITION_STATE": str(self.state), **environment}
        is_plain = not before and self.python == sys.executable
        if self._server and forked and is_plain and may_be_forked(words, settings):
            running = Running(words, folder, settings, self._server)
        else:
            running = Running([*before, self.python, *words], folder, settings)
        self._started.append(running)
        return running

    def run(self, *arguments, **options):
        return self.start(*arguments, **options).end()

    def kill_all(self):
        for running in self._started:
            running.kill()


@pytest.fixture(scope="session")
def fork_server():
    """Starts commands of this process's tests; its environment is that of a command when it imports libraries."""
    server = Server({**OFFLINE, **SAFE, **PATIENCE_WITH_SERVERS, **QUIET})
    yield server
    server.close()


def commanding(folder, server, state=None):
    """For a fixture: the command on a state folder, by default one in a folder; all is killed at the end."""
    command = Command(state or folder / "state", folder / "runs", server)
    yield command
    command.kill_all()


def commanding_databases(factory, server):
    """The same, on a state folder that has both databases and nothing in them."""
    from tests.operations.state import empty_state

    state = empty_state(factory)
    yield from commanding(state.parent, server, state)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory):
    """Where the state folder lies that most tests of whole runs share.

    In the folder that RECOGNITION_TEST_STATE names, what the first runs left behind is kept for the next pytest, which
    finds a copy at the same path: state folders hold absolute paths.
    """
    place = os.environ.get("RECOGNITION_TEST_STATE")
    if not place:
        return tmp_path_factory.mktemp("shared")
    folder = Path(place).resolve() / _digest_of_first_runs()
    shutil.rmtree(folder, ignore_errors=True)  # other tests have changed it
    if kept(folder).exists():
        shutil.copytree(kept(folder), folder)
    return folder


def kept(folder):
    return folder.with_suffix(".kept")


def _digest_of_first_runs():
    """What the first runs depend on: the code, who runs it, and CIFAR-100's place."""
    hasher = hashlib.sha256(f"{sys.prefix} {sys.version} {os.environ.get('RECOGNITION_DATA')}".encode())
    files = [path for name in CODE for path in (PROJECT / name).rglob("*") if path.suffix in (".py", ".yaml")]
    for path in sorted([*files, PROJECT / "run_pipeline.py", Path(__file__)]):
        hasher.update(f"{path}\0".encode() + path.read_bytes())
    return hasher.hexdigest()[:16]


@pytest.fixture(scope="session")
def shared_command(shared_folder, fork_server):
    """The command on the state folder that most tests of whole runs share."""
    yield from commanding(shared_folder, fork_server)


@contextmanager
def inspector(command, server):
    """A function: () -> what tests/state_inspector.py finds in a command's state folder now.

    Its settings come from `run_pipeline.py env`, as those of a user's own zenml and mlflow commands do.
    """
    _, *settings = shlex.split(command.run("env").stdout)
    told = dict(setting.split("=", 1) for setting in settings)
    environment = {**os.environ, **told, "ZENML_LOGGING_VERBOSITY": "ERROR"}
    words = [PROJECT / "tests" / "state_inspector.py"]
    with server.talking(words, PROJECT, environment) as (_, questions, answers):

        def ask():
            print(file=questions, flush=True)
            return json.loads(answers.readline())

        yield ask


@pytest.fixture(scope="module")
def own_command(tmp_path_factory, fork_server):
    """The command on a state folder that only one file's tests use."""
    yield from commanding_databases(tmp_path_factory, fork_server)


@pytest.fixture(scope="module")
def own_inspect(own_command, fork_server):
    """What `inspect` is to the shared state folder."""
    with inspector(own_command, fork_server) as ask:
        yield ask


@pytest.fixture
def command(tmp_path, fork_server):
    """The command on an empty state folder."""
    yield from commanding(tmp_path, fork_server)


@pytest.fixture
def ready_command(tmp_path_factory, fork_server):
    """The command on a state folder where nothing has run yet; to make the databases takes seconds."""
    yield from commanding_databases(tmp_path_factory, fork_server)


@pytest.fixture(scope="session")
def digits():
    """Arguments of a run of seconds, on real images; its model is a middling one."""
    data = ("data.source=digits", "data.fallback=null", "data.validation=0.1")
    train = ("train.epochs=1", "train.batch_size=200", "train.learning_rate=0.1")
    return ("--config=smoke.yaml", *(f"--set={setting}" for setting in (*data, *train, "model.name=digits")))


@pytest.fixture(scope="session")
def first_runs(shared_folder, shared_command, digits):
    """Outcomes by name of commands that start at the same moment, and find no state folder yet."""
    index = shared_folder / "first_runs.json"
    if index.is_file():
        return {name: outcome(0, shared_folder / where) for name, where in json.loads(index.read_text()).items()}
    written = ("--summary=summary.json", "--output=output")
    unreachable = "--set=data.url=http://127.0.0.1:9/x"
    started = {
        "digits": shared_command.start(*digits, *written, forked=False),  # one real start
        "fallback": shared_command.start("--config=smoke.yaml", unreachable, *written),
    }
    if data := os.environ.get("RECOGNITION_DATA"):
        place = os.path.abspath(data)
        started["cifar100"] = shared_command.start("--config=smoke.yaml", *written, RECOGNITION_DATA=place)
    for running in started.values():
        running.patience = FIRST_RUNS_PATIENCE  # of all of them: .ci/run makes a cluster at the same moment
    outcomes = {name: running.end() for name, running in started.items()}
    if os.environ.get("RECOGNITION_TEST_STATE") and not any(each.status for each in outcomes.values()):
        folders = {name: str(each.folder.relative_to(shared_folder)) for name, each in outcomes.items()}
        index.write_text(json.dumps(folders))
        unfinished = shared_folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(shared_folder, unfinished)
        unfinished.rename(kept(shared_folder))  # whole, or not there at all
    return outcomes


@pytest.fixture(scope="session")
def digits_run(first_runs):
    """A whole run on the digits, the first in the shared state folder."""
    return first_runs["digits"]


@pytest.fixture(scope="session")
def fallback_run(first_runs):
    """smoke.yaml where CIFAR-100 cannot be had."""
    return first_runs["fallback"]


@pytest.fixture(scope="session")
def cifar100_run(cifar100_path, first_runs):
    """smoke.yaml as it is, on CIFAR-100."""
    return first_runs["cifar100"]


@pytest.fixture(scope="session")
def inspect(shared_command, first_runs, fork_server):
    """A function: () -> what tests/state_inspector.py finds in the shared state folder now."""
    with inspector(shared_command, fork_server) as ask:
        yield ask


@pytest.fixture(scope="session")
def first_records(inspect):
    """What ZenML and MLflow say after the first runs; whoever runs more on the shared state folder asks for this."""
    return inspect()


@pytest.fixture(scope="session")
def worse(digits):
    """Arguments of a training that learns next to nothing, from another seed."""
    return (*digits, "--set=train.seed=1", "--set=train.learning_rate=1e-6")


@pytest.fixture(scope="session")
def worse_run(shared_command, worse, first_records):
    """That training, the second of its model name."""
    return shared_command.run(*worse, "--summary=summary.json")


@pytest.fixture(scope="session")
def better_run(shared_command, digits, worse_run):
    """A longer training, without the cache, the third of its model name."""
    return shared_command.run(*digits, "--set=train.epochs=3", "--no-cache", "--summary=summary.json")


@pytest.fixture(scope="session")
def better_records(inspect, better_run):
    """What ZenML and MLflow say after that."""
    return inspect()


def _contents(train=4, test=2, seed=0):
    generator = np.random.default_rng(seed)
    return {
        "train.bin": _records(train, generator),
        "test.bin": _records(test, generator),
        "fine_label_names.txt": "".join(f"class_{label}\n" for label in range(100)).encode(),
        "coarse_label_names.txt": "".join(f"superclass_{label}\n" for label in range(20)).encode(),
    }


def _records(per_class, generator):
    labels = generator.permutation(np.repeat(np.arange(100, dtype=np.uint8), per_class))
    pixels = generator.integers(0, 256, (len(labels), 3072), dtype=np.uint8)
    return np.concatenate([labels[:, np.newaxis] // 5, labels[:, np.newaxis], pixels], axis=1).tobytes()


def _pack(path, members):
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                tar.addfile(content)
            else:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture(scope="session")
def s3_server():
    """Address of an S3 server without buckets."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def no_credentials(monkeypatch, tmp_path):
    """No variable or file of this machine that S3's client would look at."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def s3_credentials(no_credentials, monkeypatch):
    """A secret that no message may repeat."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    return "hunter2"


@pytest.fixture
def s3(s3_server, s3_credentials, monkeypatch):
    """A client of that server, which has an empty bucket `photos`."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="photos")
    yield client
    client.close()
    requests.post(f"{s3_server}/moto-api/reset", timeout=10)


@pytest.fixture
def closed_port():
    """A port of this machine that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
