import pytest

import run_pipeline
from tests.recognition.report.reading import Page


def test_help_is_there(capsys):
    with pytest.raises(SystemExit, match="0"):
        run_pipeline.main(["compare", "--help"])
    assert "MODEL@champion" in capsys.readouterr().out
    assert "  compare RUN RUN" in run_pipeline.others()


@pytest.mark.slow
@pytest.mark.timeout(900)  # alone, it waits for the trainings that other tests share
def test_two_real_runs(shared_command, digits_run, worse_run):
    outcome = shared_command.run("compare", digits_run.name, worse_run.name, "--output=compared")
    assert outcome.status == 0, outcome.stderr
    before, after = (run.summary["test"] for run in (digits_run, worse_run))
    shown = f"{100 * before['accuracy']:.2f}\u00a0% → {100 * after['accuracy']:>5.2f}\u00a0%"
    assert shown in outcome.stdout
    assert "worse" in outcome.stdout
    assert "configured differently: train.learning_rate, train.seed" in outcome.stdout
    assert "WARNING" not in outcome.stdout
    page = Page((outcome.folder / "compared" / "comparison.html").read_text("utf-8"))
    assert page.attributes("img")
    assert digits_run.name in page.texts["header"]


@pytest.mark.slow
def test_no_tensorflow(shared_command, digits_run, worse_run):
    words = ("compare", digits_run.name, worse_run.name)
    told = shared_command.run(*words, PYTHONPROFILEIMPORTTIME="1").stderr
    assert " zenml" in told
    assert " tensorflow" not in told
    assert " keras" not in told


@pytest.mark.slow
def test_a_mistake_is_told(shared_command, digits_run):
    outcome = shared_command.run("compare", "nobody", "latest")
    assert outcome.status == 2
    assert outcome.stderr.startswith("error: there is no run of this name or id")
    assert "Traceback" not in outcome.stderr
