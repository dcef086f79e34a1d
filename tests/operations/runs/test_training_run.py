from dataclasses import replace
from types import SimpleNamespace

import pytest

from operations.runs import training_run
from operations.runs.job import RunOptions, TrainingJob
from operations.runs.training_run import publish, refuse
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.retrain import RetrainConfig
from recognition.training.retraining import RetrainingRefused

RESULTS = SimpleNamespace(files={"report.html": "“page”".encode(), "predictions.parquet": b"PAR1"}, run=None)


@pytest.fixture
def job(folder, monkeypatch):
    monkeypatch.setattr(training_run, "build_summary", lambda results, recipe, commit, fallback, report: report)
    monkeypatch.setattr(training_run, "announce", lambda config, recipe, summary, results: None)
    monkeypatch.setattr(training_run, "render_summary", str)
    return TrainingJob(config=RunConfig(), recipe="smoke", commit="abc", run_name="smoke-1")


@pytest.mark.parametrize("chosen", [True, False])
def test_the_report_lies_where_people_look_for_it(folder, job, tmp_path, chosen):
    output = tmp_path / "deep" / "output" if chosen else None
    report, _, status = publish(replace(job, options=RunOptions(output=output)), RESULTS)
    assert report == (output or folder / "reports" / "smoke-1") / "report.html"
    assert report.read_text(encoding="utf-8") == "“page”"
    assert (report.parent / "predictions.parquet").read_bytes() == b"PAR1"
    assert status == 0


def test_where_wrong_images_lie_is_told_last(job, tmp_path, monkeypatch):
    monkeypatch.setattr(training_run, "copy_wrong_images", lambda results, data, folder: f"copies in {folder}")
    told = publish(replace(job, options=RunOptions(copy_errors=tmp_path / "wrong")), RESULTS).message
    assert told.endswith(f"\ncopies in {tmp_path / 'wrong'}")


@pytest.mark.parametrize("retrain", [None, RetrainConfig()])
def test_only_a_retraining_gives_up_what_was_interrupted(job, monkeypatch, retrain):
    given_up = []
    monkeypatch.setattr(training_run, "give_up", given_up.append)
    publish(replace(job, config=job.config.model_copy(update={"retrain": retrain})), RESULTS)
    assert given_up == (["smoke.yaml for model cifar100"] if retrain else [])


def test_a_refused_retraining_leaves_its_data_report(job, monkeypatch):
    monkeypatch.setattr(training_run.runs, "find_run", lambda name: None)
    monkeypatch.setattr(training_run, "load_outputs", lambda run, name: ("“page”",))
    monkeypatch.setattr(training_run, "build_refusal", lambda run, reason, *others: (reason, others[-1]))
    monkeypatch.setattr(training_run, "render_refusal", lambda summary, remedy: remedy)
    (reason, report), told, status = refuse(job, RetrainingRefused("other classes", remedy="look"))
    assert (reason, told, status) == ("other classes", "look", 4)
    assert report.read_text(encoding="utf-8") == "“page”"
