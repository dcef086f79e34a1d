import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, RESOURCE_DOES_NOT_EXIST

from operations.platform.identity import identity
from operations.registry import lease
from operations.registry.lease import BEAT, HOLDER, PREFIX, leased
from operations.registry.lock import registry_lock
from operations.registry.lookup import model_names
from recognition.errors import RecognitionError
from tests.operations.state import empty_registry

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import sys
from mlflow import MlflowClient
from operations.platform.identity import identity
from operations.registry.lease import leased
with leased(MlflowClient(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
"""
COUNT = """
import sys, time
from mlflow import MlflowClient
from operations.registry import lease
lease.POLL = 0.02
client = MlflowClient(sys.argv[1])
for _ in range(int(sys.argv[3])):
    with lease.leased(client, "counted"):
        count = int(client.get_registered_model(sys.argv[2]).tags["count"])
        time.sleep(0.05)
        client.set_registered_model_tag(sys.argv[2], "count", str(count + 1))
"""


@pytest.fixture(scope="module")
def shared(state, tmp_path_factory):
    """A client of a database that is not the state folder's: the store of a server, without the server."""
    return MlflowClient(empty_registry(tmp_path_factory))


@pytest.fixture
def impatient(monkeypatch):
    """Who gives no sign of life for a second counts as dead."""
    monkeypatch.setattr(lease, "LEASE", 1.0)
    monkeypatch.setattr(lease, "POLL", 0.05)


def run(code, *words):
    command = [sys.executable, "-W", "ignore", "-c", code, *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)


def entities(client):
    return sorted(model.name for model in client.search_registered_models() if model.name.startswith(PREFIX))


def test_the_entity_is_there_while_the_lock_is_held(shared):
    with leased(shared, "held") as check:
        check()
        assert entities(shared) == [f"{PREFIX}held"]
        with pytest.raises(MlflowException, match="already exists"):
            shared.create_registered_model(f"{PREFIX}held")
    assert entities(shared) == []


def test_a_lock_is_no_model(shared):
    shared.create_registered_model("real")
    with leased(shared, "real"):
        assert model_names(shared) == ["real"]


def test_another_waits_until_it_is_free(shared, impatient, capsys):
    order = []

    def enter():
        with leased(shared, "waited"):
            order.append("second")

    with leased(shared, "waited"):
        thread = threading.Thread(target=enter)
        thread.start()
        time.sleep(2.5)  # longer than the lease: signs of life keep it
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]
    assert capsys.readouterr().out == f"waiting for {identity()}, who changes the registry\n"


def test_a_dead_holders_lock_is_taken_over(shared, impatient, capsys):
    shared.create_registered_model(f"{PREFIX}dead", tags={HOLDER: "x", "who": "a@b", BEAT: "3"})
    with leased(shared, "dead") as check:
        check()
    [grave] = entities(shared)
    assert grave.startswith(f"{PREFIX}dead.x.")  # keeps a second one from taking it over
    assert capsys.readouterr().out.endswith("the lock of a@b is free: no sign of life for 1 s\n")


def test_who_was_slow_to_take_over_a_dead_holders_lock_leaves_the_next_ones_alone(shared):
    shared.create_registered_model(f"{PREFIX}slow", tags={HOLDER: "y"})
    dead = lease._look(shared, f"{PREFIX}slow")
    lease._bury(shared, f"{PREFIX}slow", dead)
    with leased(shared, "slow") as check:
        lease._bury(shared, f"{PREFIX}slow", dead)
        check()


def test_old_graves_go(shared, monkeypatch):
    for holder in ("old", "new"):
        shared.create_registered_model(f"{PREFIX}graves", tags={HOLDER: holder})
        monkeypatch.setattr(lease, "GRAVE_AGE", -1.0 if holder == "new" else 1e9)
        lease._bury(shared, f"{PREFIX}graves", lease._look(shared, f"{PREFIX}graves"))
    assert not [name for name in entities(shared) if "graves" in name]


def test_who_lost_the_lock_is_told_before_a_change(shared):
    with leased(shared, "lost") as check:
        shared.set_registered_model_tag(f"{PREFIX}lost", HOLDER, "another")
        with pytest.raises(RecognitionError, match="another command took over"):
            check()
    assert f"{PREFIX}lost" in entities(shared)  # it is the other's


def test_a_creation_of_which_the_answer_was_lost_counts(shared, monkeypatch):
    create = lease._Lease._create

    def lose(each):
        create(each)
        return False

    monkeypatch.setattr(lease._Lease, "_create", lose)
    with leased(shared, "answer") as check:
        check()


def test_a_holder_that_let_go_while_the_server_looked_is_no_error(shared, monkeypatch):
    create, errors = shared.create_registered_model, [RESOURCE_DOES_NOT_EXIST]

    def look_too_late(*arguments, **options):
        if errors:
            raise MlflowException("not found", error_code=errors.pop())
        return create(*arguments, **options)

    monkeypatch.setattr(shared, "create_registered_model", look_too_late)
    with leased(shared, "late") as check:
        check()


class Repeating:
    """A client whose requests of one kind arrive twice, as the first answer was lost; others act in between."""

    def __init__(self, client, method, between):
        self._client, self._method, self._between = client, method, between

    def __getattr__(self, name):
        method = getattr(self._client, name)
        if name != self._method:
            return method

        def twice(*arguments, **options):
            method(*arguments, **options)
            self._between()
            return method(*arguments, **options)

        return twice


@pytest.mark.parametrize("method", ["rename_registered_model", "delete_registered_model"])
def test_a_release_that_is_repeated_leaves_the_next_holders_lock_alone(shared, method):
    with ExitStack() as stack:
        checks = []
        repeating = Repeating(shared, method, lambda: checks.append(stack.enter_context(leased(shared, "twice"))))
        with leased(repeating, "twice"):
            pass
        [check] = checks
        check()
        assert f"{PREFIX}twice" in entities(shared)


def test_a_creation_that_arrives_again_after_a_burial_blocks_nobody(shared, impatient):
    def bury():
        lease._bury(shared, f"{PREFIX}again", lease._look(shared, f"{PREFIX}again"))

    with leased(Repeating(shared, "create_registered_model", bury), "again") as check:
        check()
    assert f"{PREFIX}again" not in entities(shared)


def test_who_gave_no_sign_of_life_for_long_leaves_a_grave(shared, monkeypatch):
    """Somebody may be about to bury it, whose request would else hit the next holder's."""
    with leased(shared, "asleep") as check:
        seen = lease._look(shared, f"{PREFIX}asleep")
        token = seen.holder
        check()
        monkeypatch.setattr(lease, "LEASE", 0.0)
    assert any(name.startswith(f"{PREFIX}asleep.{token}") for name in entities(shared))
    with leased(shared, "asleep") as check:
        lease._bury(shared, f"{PREFIX}asleep", seen)
        check()


def test_a_dead_holders_lock_that_may_not_be_freed_is_an_error(shared, impatient, monkeypatch):
    def refuse(*arguments):
        raise MlflowException("Permission denied", error_code=PERMISSION_DENIED)

    shared.create_registered_model(f"{PREFIX}foreign", tags={HOLDER: "x", "who": "a@b", BEAT: "3"})
    monkeypatch.setattr(shared, "rename_registered_model", refuse)
    with pytest.raises(RecognitionError, match=r"locked by a@b.+may not free it"), leased(shared, "foreign"):
        pass
    assert f"{PREFIX}foreign" in entities(shared)


def test_an_error_of_the_block_is_not_hidden_by_a_server_that_is_gone(shared, monkeypatch):
    def fail(*arguments):
        raise MlflowException("gone")

    with pytest.raises(KeyError), leased(shared, "gone"):  # noqa: PT012
        monkeypatch.setattr(lease, "_look", fail)
        raise KeyError


def test_a_server_takes_the_lease_and_the_state_folder_the_file(shared, client):
    with registry_lock(shared, "where"):
        assert entities(shared)[-1:] == [f"{PREFIX}where"]
    with registry_lock(client, "where"):
        assert entities(client) == []


@pytest.fixture(scope="module")
def server(state, tmp_path_factory):
    """Address of an MLflow server."""
    from tests.operations.mlflow_server import MlflowServer

    with MlflowServer(tmp_path_factory.mktemp("server")) as server:
        yield server.address


@pytest.mark.slow
def test_two_processes_and_a_server(server):
    client = MlflowClient(server)
    client.create_registered_model("tally", tags={"count": "0"})
    workers = [run(COUNT, server, "tally", "8") for _ in range(3)]
    for worker in workers:
        _, told = worker.communicate(timeout=180)
        assert worker.returncode == 0, told
    assert client.get_registered_model("tally").tags["count"] == "24"
    assert entities(client) == []


@pytest.mark.slow
def test_a_killed_holder_and_a_server(server, impatient):
    client = MlflowClient(server)
    with run(HOLD, server, "killed") as holder:
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
    with leased(client, "killed") as check:
        check()
