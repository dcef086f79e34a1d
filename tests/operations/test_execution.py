from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest
from mlflow.exceptions import MlflowException
from requests.exceptions import Timeout

from operations import execution, mlflow_runs, runs, tracking
from operations.execution import execute, publish, publish_refusal
from operations.job import Job
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.retrain import RetrainConfig
from recognition.data.change import DataChange
from recognition.errors import TrainingError
from recognition.training.retraining import RetrainingRefused
from tests.operations.stored_models import versions
from tests.recognition.report.samples import decision_of


class RunInterruptedException(Exception):
    """Named as ZenML's own."""


class Pipeline:
    """Stands in for ZenML's: writes down how it is called, then raises or returns."""

    def __init__(self, error=None):
        self.options, self.arguments, self._error = None, None, error

    def with_options(self, **options):
        self.options = options
        return self._run

    def _run(self, *arguments):
        self.arguments = arguments
        mlflow_runs.run_id_of(tracking.connect(), self.options["run_name"])
        if self._error is not None:
            raise self._error


@pytest.fixture
def job(request):
    return Job(RunConfig(), "smoke", "", "abc", request.node.name, "", ())


@pytest.fixture(scope="module")
def record(state):
    """ZenML's record of a real run."""
    from tests.operations import tiny_pipeline

    return tiny_pipeline.run("execution")


@pytest.fixture(autouse=True)
def _results(record, monkeypatch):
    metrics = SimpleNamespace(accuracy=0.75)
    results = SimpleNamespace(
        run=record,
        files={"report.html": b"<html>", "metrics.json": b"{}", "data.html": b"<html>"},
        metrics=metrics,
        decision=decision_of(),
        change=DataChange(verdict="unknown", reason="there is no champion yet"),
    )
    monkeypatch.setattr(execution, "load_results", lambda run: results)


def ended(client, job):
    (run,) = mlflow_runs.find_runs(client, job.run_name)
    return client.get_run(run).info.status


def test_a_run_that_goes_well_is_finished_with_its_files(client, job):
    pipeline = Pipeline()
    results = execute(pipeline, ("train",), job, use_cache=True)
    assert results.files["report.html"] == b"<html>"
    assert ended(client, job) == "FINISHED"
    (run,) = mlflow_runs.find_runs(client, job.run_name)
    assert {file.path for file in client.list_artifacts(run)} == {"report.html", "metrics.json", "data.html"}
    config, code, *rest = pipeline.arguments
    assert (config, list(code), rest) == (job.config, ["train", "initial weights"], ["smoke", "abc", False])
    assert code["initial weights"] == job.initial


def test_both_records_of_a_run_tell_what_came_of_it(client, job, record):
    execute(Pipeline(), (), replace(job, fallback="no network"), use_cache=True)
    (run,) = mlflow_runs.find_runs(client, job.run_name)
    told = {"recipe": "smoke", "commit": "abc", "fallback": "no network"}
    assert told.items() <= client.get_run(run).data.tags.items()
    outcome = {"test_accuracy": 0.75, "decision": "promoted", "data_change": "unknown"}
    assert runs.find_run(record.name).run_metadata == {**told, **outcome}


@pytest.mark.parametrize(("use_cache", "enable_cache"), [(True, None), (False, False)])
def test_the_cache_can_be_left_out(job, use_cache, enable_cache):
    pipeline = Pipeline()
    execute(pipeline, (), job, use_cache)
    assert pipeline.options["enable_cache"] is enable_cache


def test_a_failed_run_is_closed_and_its_error_goes_on(client, job):
    with pytest.raises(TrainingError, match="diverged"):
        execute(Pipeline(TrainingError("diverged")), (), job, use_cache=True)
    assert ended(client, job) == "FAILED"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RunInterruptedException()], ids=["ours", "zenml"])
def test_an_interrupted_run_is_closed_as_such(client, job, error):
    with pytest.raises(KeyboardInterrupt):
        execute(Pipeline(error), (), job, use_cache=True)
    assert ended(client, job) == "KILLED"


@pytest.mark.parametrize("error", [None, ValueError(), KeyboardInterrupt()])
def test_no_mark_of_a_living_run_is_left(state, job, error):
    with suppress(ValueError, KeyboardInterrupt):
        execute(Pipeline(error), (), job, use_cache=True)
    assert list((state / "runs").iterdir()) == []


def test_runs_that_were_killed_are_closed_first(client, job, state, capsys):
    (state / "runs").mkdir(exist_ok=True)
    (state / "runs" / "orphan.lock").touch()
    mlflow_runs.run_id_of(client, "orphan")
    execute(Pipeline(), (), job, use_cache=True)
    assert "closed run orphan: its command was killed" in capsys.readouterr().out
    assert runs.close_orphans() == []


def test_what_a_killed_command_left_in_the_registry_is_mended_first(client, job, capsys):
    (model,) = versions(client, "execution", 1)
    client.set_registered_model_alias("execution", "champion", model.mlflow_version)
    execute(Pipeline(), (), job, use_cache=True)
    assert "mended execution: ZenML's stage production follows to version 1\n" in capsys.readouterr().out


def test_where_mlflow_does_not_answer_the_next_command_closes_its_run(client, job, state):
    error = RuntimeError("step register failed")
    error.__cause__ = MlflowException("API request failed")
    error.__cause__.__context__ = Timeout("15 s")
    with pytest.raises(RuntimeError, match="register"):
        execute(Pipeline(error), (), job, use_cache=True)
    assert ended(client, job) == "RUNNING"
    assert runs.close_orphans() == [job.run_name]
    assert ended(client, job) == "KILLED"


@pytest.mark.parametrize("chosen", [True, False])
def test_the_report_lies_where_people_look_for_it(state, job, tmp_path, monkeypatch, chosen):
    monkeypatch.setattr(execution, "build_summary", lambda results, recipe, commit, fallback, report: report)
    monkeypatch.setattr(execution, "announce", lambda config, recipe, summary, results: None)
    folder = tmp_path / "deep" / "output" if chosen else None
    files = {"report.html": "“page”".encode(), "predictions.parquet": b"PAR1"}
    report = publish(job, SimpleNamespace(files=files, run=None), folder)
    assert report == (folder or state / "reports" / job.run_name) / "report.html"
    assert report.read_text(encoding="utf-8") == "“page”"
    assert (report.parent / "predictions.parquet").read_bytes() == b"PAR1"


@pytest.fixture
def failures(monkeypatch):
    """What is told of failures: names of runs and errors."""
    told = []
    monkeypatch.setattr(execution.notify, "tell_failure", lambda config, recipe, error, run: told.append((run, error)))
    return told


def test_a_failure_is_told(job, failures):
    error = TrainingError("diverged")
    with pytest.raises(TrainingError):
        execute(Pipeline(error), (), job, use_cache=True)
    assert failures == [(job.run_name, error)]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RetrainingRefused("the data are different")])
def test_what_a_person_or_a_policy_ended_is_no_failure(job, failures, error):
    with pytest.raises(type(error)):
        execute(Pipeline(error), (), job, use_cache=True)
    assert failures == []


def test_a_refused_retraining_leaves_its_data_report(state, job, monkeypatch):
    monkeypatch.setattr(execution.runs, "find_run", lambda name: None)
    monkeypatch.setattr(execution, "load_outputs", lambda run, name: ("“page”",))
    monkeypatch.setattr(execution, "build_refusal", lambda run, reason, *others: (reason, others[-1]))
    reason, report = publish_refusal(job, "other classes", None)
    assert (reason, report.read_text(encoding="utf-8")) == ("other classes", "“page”")


@pytest.mark.parametrize("retrain", [None, RetrainConfig()])
def test_only_a_retraining_gives_up_what_was_interrupted(job, monkeypatch, retrain):
    given_up = []
    monkeypatch.setattr(execution, "give_up", given_up.append)
    config = job.config.model_copy(update={"retrain": retrain})
    execute(Pipeline(), (), replace(job, config=config), use_cache=True)
    assert given_up == (["smoke.yaml for model cifar100"] if retrain else [])
