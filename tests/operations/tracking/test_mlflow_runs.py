from pathlib import Path

import pytest

from operations.tracking.connection import connect, local_tracking_uri
from operations.tracking.mlflow_runs import (
    METRICS_PER_BATCH,
    MetricLog,
    end_run,
    epoch_metrics,
    find_parts,
    find_runs,
    finish_run,
    history_metrics,
    log_files,
    log_metrics,
    log_parameters,
    nested_run,
    run_id_of,
)
from tests.recognition.report.samples import history_of


@pytest.fixture
def run(client, request):
    """Id of a new run, named as the test is."""
    return run_id_of(client, request.node.name)


def points(client, run, name):
    return [(point.step, point.value) for point in client.get_metric_history(run, name)]


def test_a_pipeline_run_has_one_run(client, run, request):
    assert run_id_of(client, request.node.name) == run
    assert find_runs(connect(), request.node.name) == [run]
    assert run_id_of(client, "another") != run
    assert client.get_run(run).info.run_name == request.node.name


def test_a_run_that_was_never_started(client):
    assert find_runs(client, "never") == []


def test_everything_lies_in_the_state_folder(client, run, state, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert local_tracking_uri() == client.tracking_uri == f"sqlite:///{state}/mlflow/mlflow.db"
    log_files(connect(), run, {"note.txt": b"here"})
    assert Path(client.get_run(run).info.artifact_uri.removeprefix("file://")).is_relative_to(state)
    assert list(tmp_path.iterdir()) == []


def test_metrics_are_not_logged_twice(client, run):
    history = history_of(epochs=3)
    log_metrics(client, run, epoch_metrics(history.epochs[0], "accuracy"))
    for _ in range(2):
        log_metrics(client, run, history_metrics(history))
    assert points(client, run, "train_loss") == [(1, 4.0), (2, 2.0), (3, pytest.approx(4 / 3))]
    assert {len(points(client, run, name)) for name in client.get_run(run).data.metrics} == {3}


def test_an_epoch_is_one_request_once_it_is_known_what_there_is(client, run, monkeypatch):
    history = history_of(epochs=3)
    log_metrics(client, run, epoch_metrics(history.epochs[0], "accuracy"))
    log, asked = MetricLog(client, run), []
    for name in ("get_run", "get_metric_history", "log_batch"):
        function = getattr(client, name)
        monkeypatch.setattr(client, name, lambda *a, _f=function, _n=name, **k: (asked.append(_n), _f(*a, **k))[1])
    for epoch in (*history.epochs[:2], history.epochs[1]):
        log.log(epoch_metrics(epoch, "accuracy"))
    assert "log_batch" in asked
    asked.clear()
    log.log(epoch_metrics(history.epochs[2], "accuracy"))
    assert asked == ["log_batch"]
    assert points(client, run, "train_loss") == [(1, 4.0), (2, 2.0), (3, pytest.approx(4 / 3))]


def test_every_number_of_an_epoch_is_a_metric(client, run):
    epoch = history_of().epochs[1]
    log_metrics(client, run, epoch_metrics(epoch, "accuracy"))
    numbers = epoch.model_dump(exclude={"epoch", "validation_score"}, exclude_none=True)
    assert client.get_run(run).data.metrics == numbers


def test_the_use_of_gpus_is_a_metric_where_there_is_one(client, run):
    epoch = history_of().epochs[0].model_copy(update={"gpu_memory_peak": 2.0**30})
    log_metrics(client, run, epoch_metrics(epoch, "accuracy"))
    assert client.get_run(run).data.metrics["gpu_memory_peak"] == 2**30
    assert "gpu_utilisation" not in client.get_run(run).data.metrics


def test_trainings_of_one_run_have_nested_runs(client, run):
    nested = [nested_run(client, run, "the run", name) for name in ("seed 0", "seed 1", "seed 0")]
    assert nested[0] == nested[2] != nested[1]
    assert sorted(find_parts(client, "the run")) == sorted(set(nested))
    assert find_parts(client, "another run") == []
    assert client.get_run(nested[0]).data.tags["mlflow.parentRunId"] == run
    assert client.get_run(nested[1]).info.run_name == "the run, seed 1"


def test_the_score_goes_by_the_name_of_its_metric(client, run):
    history = history_of(metric="macro_f1")
    log_metrics(client, run, history_metrics(history))
    scores = [(epoch.epoch, epoch.validation_score) for epoch in history.epochs]
    assert points(client, run, "validation_macro_f1") == scores
    assert "validation_score" not in client.get_run(run).data.metrics


def test_more_metrics_than_one_request_holds(client, run):
    series = [(f"metric_{i % 7}", float(i), i // 7) for i in range(METRICS_PER_BATCH + 50)]
    log_metrics(client, run, series)
    assert sum(len(points(client, run, f"metric_{i}")) for i in range(7)) == METRICS_PER_BATCH + 50


def test_parameters_can_be_logged_again(client, run):
    parameters = {"train.epochs": 3, "data.path": None, "train.deterministic": True}
    for _ in range(2):
        log_parameters(client, run, parameters)
    assert client.get_run(run).data.params == {
        "train.epochs": "3",
        "data.path": "None",
        "train.deterministic": "True",
    }


def test_files_are_logged_by_name(client, run):
    log_files(client, run, {"a.txt": b"1", "b.bin": b"\0"})
    log_files(client, run, {"a.txt": b"2"})
    assert {file.path for file in client.list_artifacts(run)} == {"a.txt", "b.bin"}
    assert Path(client.download_artifacts(run, "a.txt")).read_bytes() == b"2"


def test_a_run_that_went_well_has_all_its_files(client, run, request):
    log_files(client, run, {"report.html": b"drawn by its step"})
    finish_run(client, request.node.name, {"report.html": b"another", "metrics.json": b"{}"}, {"recipe": "train"})
    assert client.get_run(run).info.status == "FINISHED"
    assert client.get_run(run).data.tags["recipe"] == "train"
    assert Path(client.download_artifacts(run, "report.html")).read_bytes() == b"drawn by its step"
    assert Path(client.download_artifacts(run, "metrics.json")).read_text() == "{}"


def test_only_a_run_that_runs_can_end(client, run):
    end_run(client, run, "KILLED")
    end_run(client, run, "FINISHED")
    assert client.get_run(run).info.status == "KILLED"
