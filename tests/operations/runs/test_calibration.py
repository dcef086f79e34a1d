import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from operations.platform.environment import PROJECT
from operations.runs.calibration import Results, publish
from operations.runs.job import CalibrationJob, RunOptions, check_job
from recognition.configuration.schema import RunConfig
from recognition.data.dataset import Duplicates, ImageDataset
from recognition.errors import InputError
from tests.operations.outcomes.test_summary import START, step
from tests.recognition.calibration.samples import calibration_of, trial_of
from tests.recognition.evaluation.samples import split_of


@pytest.fixture
def job():
    config = RunConfig.model_validate({"calibrate": {}})
    return CalibrationJob(config=config, recipe="calibrate", commit="abc", run_name="calibrate-1")


@pytest.fixture
def results(monkeypatch):
    monkeypatch.setattr("operations.tracking.runs.page_of", lambda run: None)
    steps = {"ingest": step("completed", 1.5), "calibrate": step("cached", 99)}
    stack = SimpleNamespace(name="default")
    run = SimpleNamespace(name="calibrate-1", id="an-id", stack=stack, steps=steps, start_time=START, end_time=None)
    splits = {name: split_of([0, 1] * count) for name, count in (("train", 5), ("validation", 2), ("test", 3))}
    dataset = ImageDataset("made", splits, ("a", "b"), (), np.empty(0, np.int32), Duplicates({}, {}))
    return Results(run, dataset, calibration_of(), "train:\n  epochs: 3\n")


@pytest.mark.parametrize("chosen", [True, False])
def test_recipe_and_picture_lie_where_people_look_for_them(folder, job, results, tmp_path, chosen):
    output = tmp_path / "deep" / "output" if chosen else None
    summary, _, status = publish(replace(job, options=RunOptions(output=output)), results)
    assert status == 0
    place = output or folder / "reports" / "calibrate-1"
    assert {path.name for path in place.iterdir()} == {"calibrated.yaml", "calibration.png"}
    assert (place / "calibrated.yaml").read_text() == results.recipe
    assert (summary["recipe"], summary["picture"]) == (str(place / "calibrated.yaml"), str(place / "calibration.png"))


def test_the_summary_is_json_of_the_documented_keys(folder, job, results):
    summary = publish(job, results).summary
    assert json.loads(json.dumps(summary)) == summary
    page = (PROJECT / "docs" / "calibration.md").read_text(encoding="utf-8")
    rows = page.partition("## The summary file")[2]
    told = set(re.findall(r"`calibration\.(\w+)`", rows)) | set(re.findall(r", `\.(\w+)`", rows))
    assert set(summary["calibration"]) == told
    assert set(summary["calibration"]["trials"][0]) | set(summary["calibration"]["trials"][0]["choice"]) <= set(
        re.findall(r"`(\w+)`", rows)
    )
    assert (summary["calibration"]["first"], summary["calibration"]["best"]) == (1, 2)
    assert summary["calibration"]["score"] == 0.64
    assert summary["steps"]["calibrate"]["cached"] is True


def test_the_summary_reads_well(folder, job, results):
    text = publish(job, results).message
    for part in (
        "best       trial 2: learning rate 0.3, batch 64, 3 epochs",
        "reached    64.00% validation accuracy (standard error 0.96%)",
        "before     50.00% accuracy with learning rate 0.1, batch 32, 4 epochs",
        "trials     2 complete, 1 pruned, 1 diverged; 250 s of training",
        "cached     calibrate",
        f"to run it  python run_pipeline.py --config {folder / 'reports' / 'calibrate-1' / 'calibrated.yaml'}",
    ):
        assert part in text


def test_a_configuration_that_diverged_is_told_as_such(folder, job, results):
    trials = trial_of(1, None, "diverged", loss=None), trial_of(2, 0.4)
    found = Results(results.run, results.dataset, calibration_of(*trials), "")
    assert "before     diverged" in publish(job, found).message


def test_the_plan_tells_what_is_searched(folder):
    config = RunConfig.model_validate({"data": {"source": "digits"}, "calibrate": {"trials": 5, "minutes": 2.5}})
    plan = check_job(config, "calibrate").describe("default")
    assert "\n  calibrate 5 trials or 2.5 minutes; batch 64, 128, 256; 1 epoch; range test of 200 steps\n" in plan


def test_what_cannot_be_searched_is_found_before_any_work(folder):
    config = RunConfig.model_validate({"data": {"source": "digits"}, "calibrate": {"epoch_range": [2, 3]}})
    with pytest.raises(InputError, match="leaves out"):
        check_job(config, "calibrate")
