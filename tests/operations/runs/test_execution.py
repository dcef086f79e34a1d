from contextlib import suppress
from dataclasses import replace

import pytest
from mlflow.exceptions import MlflowException
from requests.exceptions import Timeout
from zenml.client import Client

from operations.runs import execution
from operations.runs.execution import execute
from operations.runs.job import RunOptions, TrainingJob
from operations.runs.kind import Ending, Kind
from operations.tracking import connection, mlflow_runs, runs
from recognition.configuration.schema import RunConfig
from recognition.errors import TrainingError
from recognition.training.retraining import RetrainingRefused
from tests.operations.stored_models import versions


class RunInterruptedException(Exception):
    """Named as ZenML's own."""


class Pipeline:
    """Stands in for ZenML's: writes down how it is called, then raises or returns."""

    def __init__(self, error=None):
        self.options, self.arguments, self._error = None, None, error

    def with_options(self, **options):
        self.options = options
        return self._run

    def _run(self, **arguments):
        self.arguments = arguments
        mlflow_runs.run_id_of(connection.connect(), self.options["run_name"])
        if self._error is not None:
            raise self._error


@pytest.fixture
def job(request):
    return TrainingJob(config=RunConfig(), recipe="smoke", commit="abc", run_name=request.node.name, initial="1234")


@pytest.fixture(scope="module")
def record(state):
    """ZenML's record of a real run."""
    from tests.operations import tiny_pipeline

    return tiny_pipeline.run("execution")


@pytest.fixture(autouse=True)
def _found(record, monkeypatch):
    monkeypatch.setattr(execution.runs, "find_run", lambda name: record)


def kind(error=None, cached_steps=(), **fields):
    """One that loads nothing, tells of 0.75, and leaves a page."""
    given = {
        "load": lambda job, run: "results",
        "record": lambda job, results: ({"test_accuracy": 0.75}, {"report.html": b"<html>"}),
        "publish": lambda job, results: Ending({"of": results}, "told"),
    }
    return Kind(Pipeline(error), cached_steps, **{**given, **fields})


def ended(client, job):
    (run,) = mlflow_runs.find_runs(client, job.run_name)
    return client.get_run(run).info.status


def test_a_run_that_goes_well_is_finished_with_its_files(client, job):
    chosen = kind(cached_steps=("train",))
    assert execute(chosen, job) == ({"of": "results"}, "told", 0)
    assert ended(client, job) == "FINISHED"
    (run,) = mlflow_runs.find_runs(client, job.run_name)
    assert {file.path for file in client.list_artifacts(run)} == {"report.html"}
    code = chosen.pipeline.arguments.pop("code")
    told = {"config": job.config, "recipe": "smoke", "commit": "abc", "fallback": False, "fresh": False}
    assert (chosen.pipeline.arguments, list(code)) == (told, ["train", "initial weights"])
    assert code["initial weights"] == "1234"


def test_both_records_of_a_run_tell_what_came_of_it(client, job, record):
    execute(kind(), replace(job, fallback="no network"))
    (run,) = mlflow_runs.find_runs(client, job.run_name)
    told = {"recipe": "smoke", "commit": "abc", "fallback": "no network"}
    assert told.items() <= client.get_run(run).data.tags.items()
    found = Client().get_pipeline_run(record.id, hydrate=True).run_metadata
    assert found == {**told, "test_accuracy": 0.75}


@pytest.mark.parametrize(("use_cache", "enable_cache"), [(True, None), (False, False)])
def test_the_cache_can_be_left_out(job, use_cache, enable_cache):
    chosen = kind()
    execute(chosen, replace(job, options=RunOptions(use_cache=use_cache)))
    assert chosen.pipeline.options["enable_cache"] is enable_cache


def test_the_pipeline_is_told_to_begin_anew(job):
    chosen = kind()
    execute(chosen, replace(job, options=RunOptions(fresh=True)))
    assert chosen.pipeline.arguments["fresh"] is True


def test_a_failed_run_is_closed_and_its_error_goes_on(client, job):
    with pytest.raises(TrainingError, match="diverged"):
        execute(kind(TrainingError("diverged")), job)
    assert ended(client, job) == "FAILED"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RunInterruptedException()], ids=["ours", "zenml"])
def test_an_interrupted_run_is_closed_as_such(client, job, error):
    with pytest.raises(KeyboardInterrupt):
        execute(kind(error), job)
    assert ended(client, job) == "KILLED"


@pytest.mark.parametrize("error", [None, ValueError(), KeyboardInterrupt()])
def test_no_mark_of_a_living_run_is_left(state, job, error):
    with suppress(ValueError, KeyboardInterrupt):
        execute(kind(error), job)
    assert list((state / "runs").iterdir()) == []


def test_runs_that_were_killed_are_closed_first(client, job, state, capsys):
    (state / "runs").mkdir(exist_ok=True)
    (state / "runs" / "orphan.lock").touch()
    mlflow_runs.run_id_of(client, "orphan")
    execute(kind(), job)
    assert "closed run orphan: its command was killed" in capsys.readouterr().out
    assert runs.close_orphans() == []


def test_what_a_killed_command_left_in_the_registry_is_mended_first(client, job, capsys):
    (model,) = versions(client, "execution", 1)
    client.set_registered_model_alias("execution", "champion", model.mlflow_version)
    execute(kind(), job)
    assert "mended execution: ZenML's stage production follows to version 1\n" in capsys.readouterr().out


def test_where_mlflow_does_not_answer_the_next_command_closes_its_run(client, job, state):
    error = RuntimeError("step register failed")
    error.__cause__ = MlflowException("API request failed")
    error.__cause__.__context__ = Timeout("15 s")
    with pytest.raises(RuntimeError, match="register"):
        execute(kind(error), job)
    assert ended(client, job) == "RUNNING"
    assert runs.close_orphans() == [job.run_name]
    assert ended(client, job) == "KILLED"


@pytest.fixture
def failures(monkeypatch):
    """What is told of failures: names of runs and errors."""
    told = []
    monkeypatch.setattr(
        execution.notify, "notify_failure", lambda config, recipe, error, run: told.append((run, error))
    )
    return told


def test_a_failure_is_told(job, failures):
    error = TrainingError("diverged")
    with pytest.raises(TrainingError):
        execute(kind(error), job)
    assert failures == [(job.run_name, error)]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RetrainingRefused("the data are different")])
def test_what_a_person_or_a_policy_ended_is_no_failure(job, failures, error):
    with pytest.raises(type(error)):
        execute(kind(error), job)
    assert failures == []


def test_a_refusal_is_answered_where_the_kind_can(job):
    refusing = kind(RetrainingRefused("other classes"), refuse=lambda job, refusal: Ending({}, refusal.problem, 4))
    assert execute(refusing, job) == ({}, "other classes", 4)
