import re
import signal
from pathlib import Path

import pytest

from operations.platform.code import imported_files
from recognition.configuration.loading import load_config

PROJECT = Path(__file__).resolve().parent.parent
TRIALS = 2
STUDY = PROJECT / "recognition" / "calibration" / "study.py"
STUDY_FILE = "study.db"
pytestmark = pytest.mark.slow  # whole commands, one after the other


@pytest.fixture(scope="module")
def calibration(digits):
    """Arguments of a small calibration."""
    train = ("train.learning_rate=0.02", "evaluation.metric=macro_f1")
    options = (f"calibrate.trials={TRIALS}", "calibrate.steps=20", "calibrate.epoch_range=[1, 2]")
    return (*digits, *(f"--set={setting}" for setting in (*train, *options)), "--summary=summary.json")


@pytest.fixture(scope="module")
def interrupted(shared_command, calibration, first_records):
    """The calibration, ended by Ctrl-C in its second trial."""
    running = shared_command.start(*calibration)
    running.wait_for("\n  trial 2 of 2: ")
    running.send(signal.SIGINT)
    return running.end()


@pytest.fixture(scope="module")
def finished(shared_command, calibration, interrupted):
    """The same command, undisturbed."""
    return shared_command.run(*calibration)


def trials_of(outcome):
    return re.findall(r"^  trial (\d+) of 2: (.+)$", outcome.stdout, re.MULTILINE)


def test_ctrl_c_ends_a_calibration_with_a_word(interrupted):
    assert interrupted.status == 130
    assert "the same command goes on" in interrupted.stderr


def test_the_same_command_goes_on_with_the_trial_that_was_interrupted(interrupted, finished):
    assert finished.status == 0, finished.stderr
    assert finished.stderr == ""
    before, after = trials_of(interrupted), trials_of(finished)
    assert [number for number, _ in after] == ["2"]
    assert before[1] == after[0]


def test_the_best_trial_reaches_at_least_what_the_configuration_did(finished):
    found = finished.summary["calibration"]
    trials = {trial["number"]: trial for trial in found["trials"]}
    first, best = trials[found["first"]], trials[found["best"]]
    assert first["choice"] == {"learning_rate": 0.02, "batch_size": 200, "epochs": 1}
    assert len(trials) == TRIALS
    assert found["score"] == best["score"] >= first["score"]
    assert found["metric"] == "macro_f1"


def test_the_recipe_is_ready_to_run(finished):
    path = Path(finished.summary["recipe"])
    config = load_config(path)
    found = finished.summary["calibration"]
    best = next(trial for trial in found["trials"] if trial["number"] == found["best"])
    assert config.train.model_dump(include=set(best["choice"])) == best["choice"]
    assert config.calibrate is None
    assert (config.data.source, config.evaluation.metric) == ("digits", "macro_f1")
    assert f"{best['score']:.2%} validation macro F1" in path.read_text().splitlines()[3]
    assert f"python run_pipeline.py --config {path}\n" in finished.stdout


def test_files_lie_with_the_reports_of_the_run(finished, shared_command):
    folder = shared_command.state / "reports" / finished.name
    assert {path.name for path in folder.iterdir()} == {"calibrated.yaml", "calibration.png"}
    assert {finished.summary["recipe"], finished.summary["picture"]} == {str(path) for path in folder.iterdir()}


def test_nothing_of_a_finished_calibration_waits(finished, shared_command):
    assert list(shared_command.state.rglob(STUDY_FILE)) == []


def test_trainings_do_without_the_study():
    for module in ("steps.train", "operations.runs.job", "operations.runs.execution", "operations.outcomes.summary"):
        assert STUDY not in imported_files(module)
