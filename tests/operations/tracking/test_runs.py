import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from operations.tracking import mlflow_runs, runs
from operations.tracking.runs import alive, close_orphans, close_run, find_run, forget, stoppable

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def killed_run(state, fork_server):
    """Name of a run of which the command was killed in the middle of a step."""
    words = ["-m", "tests.operations.tiny_pipeline", "killed"]
    with fork_server.talking(words, ROOT, dict(os.environ)) as (process, *_):
        assert process.wait(120) == -signal.SIGKILL
    return "killed"


@pytest.fixture
def started(client, request):
    """Name of a run that MLflow takes for running."""
    name = request.node.name
    mlflow_runs.run_id_of(client, name)
    return name


def mlflow_status(client, name):
    (run,) = mlflow_runs.find_runs(client, name)
    return client.get_run(run).info.status


def test_a_killed_run_is_closed_and_a_living_one_is_not(killed_run, started, client):
    assert find_run(killed_run).status.value == "running"
    with alive(started):
        assert close_orphans() == [killed_run]
        assert mlflow_status(client, started) == "RUNNING"
        assert close_orphans() == []
    run = find_run(killed_run)
    assert run.status.value == "stopped"
    assert run.steps["killed"].status.value == "stopped"
    assert mlflow_status(client, killed_run) == "KILLED"


def test_a_run_that_ends_by_itself_leaves_no_mark(state):
    with alive("ended"):
        assert list((state / "runs").iterdir()) != []
    assert list((state / "runs").iterdir()) == []
    with pytest.raises(KeyError), alive("failed"):
        raise KeyError
    assert list((state / "runs").iterdir()) == []
    forget("never-started")


@pytest.mark.parametrize(("status", "expected"), [(runs.STOPPED, "KILLED"), (runs.FAILED, "FAILED")])
def test_a_run_that_zenml_never_saw_is_closed_in_mlflow(client, started, status, expected):
    assert close_run(started, status, "reason")
    assert mlflow_status(client, started) == expected


def test_a_run_that_ended_well_stays_as_it_is(client, started):
    mlflow_runs.end_run(client, mlflow_runs.find_runs(client, started)[0], "FINISHED")
    close_run(started, runs.FAILED, "reason")
    assert mlflow_status(client, started) == "FINISHED"


def test_there_is_nothing_to_close_in_a_run_that_nobody_knows(state):
    assert not close_run("unknown", runs.FAILED, "reason")


def test_a_finished_run_of_zenml_stays_as_it_is(state):
    from tests.operations import tiny_pipeline

    tiny_pipeline.run("finished")
    close_run("finished", runs.STOPPED, "reason")
    assert find_run("finished").status.value == "completed"


def test_an_unknown_run_has_no_record(state):
    assert find_run("unknown") is None


def test_control_c_interrupts_once(state, monkeypatch):
    before, heard = signal.getsignal(signal.SIGINT), []

    def hear_again(name):
        heard.append(name)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("operations.tracking.runs.find_run", hear_again)
    with pytest.raises(KeyboardInterrupt), stoppable("impatient"):
        signal.raise_signal(signal.SIGINT)
    assert heard == ["impatient"]
    assert signal.getsignal(signal.SIGINT) is before


def test_control_c_works_where_zenml_does_not(state, monkeypatch):
    def fail(name):
        raise OSError

    monkeypatch.setattr("operations.tracking.runs.find_run", fail)
    with pytest.raises(KeyboardInterrupt), stoppable("unknown"):
        signal.raise_signal(signal.SIGINT)


def test_a_retrainings_configuration_is_the_one_that_it_settled_on():
    steps = {
        "configure": SimpleNamespace(outputs={"configuration": ["asked"]}),
        "permit": SimpleNamespace(outputs={"training_configuration": ["settled"], "training_recipe": ["recipe"]}),
    }
    assert runs.outputs_of(SimpleNamespace(steps=steps))["configuration"] == "settled"
    del steps["permit"]
    assert runs.outputs_of(SimpleNamespace(steps=steps))["configuration"] == "asked"


def test_what_ends_by_itself_while_it_is_closed_is_left_as_it_ended(killed_run, monkeypatch):
    seen = find_run(killed_run)  # finished by the tests before, and looked at before that
    step = SimpleNamespace(id=seen.steps["killed"].id, status=SimpleNamespace(is_finished=False))
    before = SimpleNamespace(id=seen.id, status=SimpleNamespace(is_finished=False), steps={"killed": step})
    close_orphans()
    ended = find_run(killed_run).status
    monkeypatch.setattr(runs, "find_run", lambda name: before)
    assert runs.close_in_zenml(killed_run, runs.FAILED, "too late")
    monkeypatch.undo()
    assert find_run(killed_run).status == ended
