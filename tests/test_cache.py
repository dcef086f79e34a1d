import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
CODE = ("recognition", "commands", "operations", "materializers", "steps", "pipelines", "configs")
SUMMARY = "--summary=summary.json"
CACHED = {"augmentation", "train", "evaluate", "report"}


@pytest.fixture(scope="module")
def earlier_records(inspect, first_records):
    return inspect()


@pytest.fixture(scope="module")
def second_run(shared_command, digits, earlier_records):
    return shared_command.run(*digits, SUMMARY, "--copy-errors=errors")


@pytest.fixture(scope="module")
def second_records(inspect, second_run):
    return inspect()


@pytest.fixture
def other_checkout(tmp_path):
    """A copy of the code whose top-5 share counts the first place only: a helper, far from the step that uses it."""
    checkout = tmp_path / "checkout"
    for name in CODE:
        shutil.copytree(PROJECT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "run_pipeline.py", checkout)
    helper = checkout / "recognition" / "evaluation" / "metrics.py"
    before = helper.read_text()
    after = before.replace("range(TOP)", "range(1)")
    assert after != before
    helper.write_text(after)
    return checkout


def test_an_identical_run_takes_everything_that_is_slow_from_the_cache(second_run):
    assert second_run.status == 0, second_run.stderr
    assert second_run.cached() == CACHED  # and not data_report: by now there is a champion to compare the data with
    assert all(step["seconds"] == 0 for step in second_run.summary["steps"].values() if step["cached"])
    assert "epoch 1:" not in second_run.stdout
    assert "\n  cached     augmentation, train, evaluate, report\n" in second_run.stdout


def test_an_identical_run_tells_the_same(second_run, digits_run):
    for section in ("data", "train", "validation", "test", "model", "gate"):
        assert second_run.summary[section] == digits_run.summary[section]
    reports = [Path(run.summary["report"]).with_name("metrics.json").read_text() for run in (digits_run, second_run)]
    assert reports[0] == reports[1]


def test_wrongly_predicted_images_are_copied_though_every_step_was_cached(second_run):
    test = second_run.summary["test"]
    wrong = round((1 - test["accuracy"]) * test["images"])
    assert len(list((second_run.folder / "errors").glob("*/*/*.png"))) == wrong > 0
    assert f"{wrong:,} wrongly predicted test images in errors\n" in second_run.stdout


def test_an_identical_run_registers_nothing_twice(earlier_records, second_records):
    for registry in ("zenml_models", "mlflow_models"):
        assert second_records[registry] == earlier_records[registry]


def test_mlflow_run_of_a_cached_training_has_its_metrics_and_files(digits_run, second_run, second_records):
    first, second = (second_records["mlflow_runs"][run.name] for run in (digits_run, second_run))
    assert second["status"] == "FINISHED"
    assert second["metrics"] == first["metrics"]
    assert second["params"] == first["params"]
    assert second["files"] == first["files"]


@pytest.mark.slow
def test_another_seed_trains_again_and_augments_from_the_cache(worse_run):
    assert worse_run.status == 0, worse_run.stderr
    assert worse_run.cached() - {"data_report"} == {"augmentation"}


@pytest.mark.slow
def test_no_cache_runs_every_step(worse_run, better_run):
    assert "augmentation" in worse_run.cached()
    assert better_run.cached() == set()
    assert "\n  cached     nothing\n" in better_run.stdout


@pytest.mark.slow
def test_a_changed_helper_runs_the_steps_that_use_it(shared_command, digits, second_records, other_checkout):
    run = shared_command.run(*digits, SUMMARY, "--set=model.name=changed", checkout=other_checkout)
    assert run.status == 0, run.stderr
    assert run.cached() - {"data_report"} == {"augmentation", "train"}
    assert run.summary["test"]["top5"] == run.summary["test"]["accuracy"]


@pytest.fixture(scope="module")
def run_after_loss(shared_command, worse, worse_run, better_run, better_records):
    """A repeated run after somebody has removed files of its model and of the champion."""
    for run in (worse_run, better_run):
        shutil.rmtree(Path(run.summary["model"]["path"]).parents[1])
    return shared_command.run(*worse, SUMMARY)


@pytest.mark.slow
def test_a_training_whose_model_is_lost_runs_again(run_after_loss):
    assert run_after_loss.status == 0, run_after_loss.stderr
    assert "stored files of step train are gone: it will run again\n" in run_after_loss.stdout
    assert run_after_loss.cached() - {"data_report"} == {"augmentation"}


@pytest.mark.slow
def test_a_champion_that_is_lost_stays_but_is_not_compared(run_after_loss):
    gate = run_after_loss.summary["gate"]
    assert (gate["decision"], gate["champion"]) == ("kept", None)
    assert "cannot be compared: its stored files are gone" in gate["reason"]
