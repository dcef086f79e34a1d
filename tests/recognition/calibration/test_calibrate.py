import json
from dataclasses import replace

import pytest

from recognition.calibration import calibrate as module
from recognition.calibration.calibrate import calibrate
from recognition.calibration.result import Choice
from recognition.configuration.sections.calibrate import CalibrateConfig
from recognition.training.listener import TrainingListener
from recognition.training.task import Task
from tests.recognition.training.samples import moving_plan, recipe, tiny_network

RECIPE = recipe(epochs=2, learning_rate=0.003)
OPTIONS = CalibrateConfig.model_validate({"trials": 3, "steps": 20, "epoch_range": [1, 2]})


class Listening(TrainingListener):
    """Keeps what is said, and interrupts where it is told to."""

    def __init__(self, stop_at="nothing"):
        self.said, self._stop_at = [], stop_at

    def log(self, text):
        self.said.append(text)
        if text.startswith(self._stop_at):
            raise KeyboardInterrupt

    def trials(self):
        return [text.partition(":")[0] for text in self.said if text.startswith("trial") and ":" in text]


@pytest.fixture(scope="module", autouse=True)
def _tiny():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recognition.training.learner.build_network", tiny_network)
        yield


def run(dataset, folder, listener):
    """A calibration that would fail if it looked at a test image."""
    unseen = replace(dataset, splits={name: split for name, split in dataset.splits.items() if name != "test"})
    return calibrate(Task(unseen, moving_plan(dataset), RECIPE, "balanced_accuracy"), OPTIONS, folder, listener)


@pytest.fixture(scope="module")
def found(dataset, tmp_path_factory):
    return run(dataset, tmp_path_factory.mktemp("whole"), Listening())


def without_seconds(calibration):
    document = json.loads(calibration.model_dump_json())
    return {**document, "trials": [{**trial, "seconds": 0} for trial in document["trials"]]}


def test_a_calibration_begins_with_the_recipe_and_the_suggestion(found):
    first, second, *_ = (trial.choice for trial in found.trials)
    assert first == Choice.of(RECIPE)
    assert second == first.model_copy(update={"learning_rate": found.range_test.suggestion})
    assert len(found.trials) == 3


def test_it_reaches_at_least_what_the_recipe_does(found):
    assert found.best.score >= found.first.score
    assert found.best.score > 0.2  # of ten classes


def test_it_tells_what_it_was(found, dataset):
    assert (found.metric, found.validation) == ("balanced_accuracy", len(dataset.splits["validation"]))
    assert "CPU cores" in found.hardware


def test_an_interrupted_calibration_goes_on_without_a_second_range_test(found, dataset, tmp_path, monkeypatch):
    interrupted, resumed = Listening("trial 2 complete"), Listening()
    with pytest.raises(KeyboardInterrupt):
        run(dataset, tmp_path, interrupted)
    monkeypatch.setattr(module, "run_range_test", lambda *_: pytest.fail("tested again"))
    again = run(dataset, tmp_path, resumed)
    assert interrupted.trials() == ["trial 1 of 3", "trial 2 of 3"]
    assert resumed.trials() == ["trial 3 of 3"]
    assert without_seconds(again) == without_seconds(found)
