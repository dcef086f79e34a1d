import os
import signal
import threading
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from operations.platform.locks import state_lock
from operations.registry import promotion_log, zenml_models
from operations.registry.lock import registry_lock
from operations.registry.registry import CHAMPION, aliases, champion, find_version, versions_of
from operations.registry.repair import repair
from operations.tracking import mlflow_runs
from operations.tracking.logged_model import log_model
from tests.operations.registry.finishing_run import METADATA, dataset, finish, network

HOLD = """
import time
from types import SimpleNamespace
from operations.registry.lock import registry_lock
from operations.tracking.connection import local_tracking_uri
with registry_lock(SimpleNamespace(tracking_uri=local_tracking_uri()), "waited"):
    print("held", flush=True)
    time.sleep(60)
"""
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def files(client):
    """Two models, the better one last."""
    runs = [mlflow_runs.run_id_of(client, name) for name in ("worse", "better")]
    seen = dataset().splits["train"].hashes
    return [log_model(client, run, network(skilled), METADATA, seen) for skilled, run in enumerate(runs)]


@pytest.fixture
def start(fork_server):
    """A function: the end of a run, in a process of its own that waits for a line, as of `Server.talking`."""

    def begin(name, file, *mode):
        words = ["-m", "tests.operations.registry.finishing_run", name, file.uri, file.sha256, *mode]
        return fork_server.talking(words, ROOT, dict(os.environ))

    return begin


def log_of(client, name):
    return promotion_log.read_log(client.get_registered_model(name).tags)


@pytest.mark.slow
def test_of_two_runs_that_finish_at_once_the_better_is_champion(client, files, start):
    with ExitStack() as stack:
        processes = [stack.enter_context(start("race", file)) for file in files]
        assert [told.readline() for _, _, told in processes] == ["ready\n", "ready\n"]
        for _, ours, _ in processes:
            print(file=ours, flush=True)
        assert [process.wait(120) for process, _, _ in processes] == [0, 0]

    worse, better = (find_version(client, "race", file.sha256) for file in files)
    assert worse.tags["test_accuracy"] < better.tags["test_accuracy"] == "1.0"
    holders = [each.version for each in versions_of(client, "race") if CHAMPION in alias_names(client, each)]
    assert holders == [better.version]
    log = log_of(client, "race")
    assert log[0].before is None
    assert all(earlier.after == later.before for earlier, later in pairwise(log))
    assert log[-1].after == str(better.version)
    assert zenml_models.in_production("race", "local") == champion(client, "race").zenml_version
    assert repair(client) == []


def alias_names(client, version):
    return client.get_model_version(version.name, version.version).aliases


@pytest.mark.slow
def test_a_run_killed_between_alias_and_stage_is_repaired_by_the_next_command(client, files, start):
    first, decision = finish(client, "killed", files[0])
    assert decision.decision == "promoted"
    with start("killed", files[1], "killed") as (process, ours, _):
        print(file=ours, flush=True)
        assert process.wait(120) == -signal.SIGKILL
    now = champion(client, "killed")
    assert now.sha256 == files[1].sha256
    assert zenml_models.in_production("killed", "local") == first.zenml_version

    assert repair(client) == [f"killed: ZenML's stage production follows to version {now.mlflow_version}"]
    assert zenml_models.in_production("killed", "local") == now.zenml_version
    assert aliases(client, now) == [CHAMPION]
    assert [entry.after for entry in log_of(client, "killed")] == [first.mlflow_version, now.mlflow_version]
    assert repair(client) == []


def test_one_model_does_not_wait_for_another(client):
    with registry_lock(client, "one"), registry_lock(client, "other") as check:
        check()


def test_who_waits_says_so_and_goes_on_when_the_holder_is_dead(client, fork_server, capsys):
    with fork_server.talking(["-c", HOLD], ROOT, dict(os.environ)) as (holder, _, told):
        assert told.readline() == "held\n"
        threading.Timer(1, holder.kill).start()
        with registry_lock(client, "waited"):
            assert holder.wait(10) == -signal.SIGKILL
    assert capsys.readouterr().out == "waiting for another command, which changes the registry\n"


def test_the_lock_is_free_after_an_error(client):
    with pytest.raises(KeyError), registry_lock(client, "error"):
        raise KeyError
    with registry_lock(client, "error"):
        pass


def test_the_registrys_lock_is_not_that_of_the_state(client):
    with state_lock("registry"), registry_lock(client, "registry"):
        pass
