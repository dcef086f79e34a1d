import re

import pytest

from recognition.calibration.recipe import calibrated, calibrated_yaml
from recognition.configuration.loading import load_config
from recognition.configuration.schema import RunConfig
from tests.recognition.calibration.samples import OWN, calibration_of, trial_of

HEAD = ("command", "hardware", "time", "expect")


@pytest.fixture
def config():
    return RunConfig.model_validate(
        {
            "data": {"source": "digits"},
            "train": {**OWN.model_dump(), "optimizer": "muon", "class_weights": "sqrt"},
            "model": {"name": "1e3"},
            "calibrate": {"batch_sizes": [16, 64], "epoch_range": [2, 4]},
        }
    )


def head(text):
    return dict(re.findall(r"^# (\w+): +(\S.*)$", text, re.MULTILINE))


def test_the_file_loads_with_the_values_of_the_best_trial(config, tmp_path):
    path = tmp_path / "calibrated.yaml"
    path.write_text(calibrated_yaml(config, calibration_of()), encoding="utf-8")
    loaded = load_config(path)
    assert loaded == calibrated(config, calibration_of())
    assert (loaded.train.learning_rate, loaded.train.batch_size, loaded.train.epochs) == (0.3, 64, 3)
    assert loaded.train.optimizer == "muon"
    assert loaded.model.name == "1e3"
    assert loaded.calibrate is None


def test_its_head_says_what_to_expect(config):
    text = calibrated_yaml(config, calibration_of())
    assert tuple(head(text)) == HEAD
    assert head(text) == {
        "command": "python run_pipeline.py --config calibrated.yaml",
        "hardware": "2 CPU cores",
        "time": "62 seconds of training",
        "expect": "64.00% validation accuracy (standard error 0.96%); "
        "50.00% with learning rate 0.1, batch 32, 4 epochs",
    }


def test_its_head_tells_when_nothing_better_was_found(config):
    text = calibrated_yaml(config, calibration_of(trial_of(1, 0.5), trial_of(2, 0.4, learning_rate=0.3)))
    assert head(text)["expect"].endswith("; the values that it began with")


def test_its_head_tells_that_the_first_values_diverged(config):
    trials = trial_of(1, None, "diverged", loss=None), trial_of(2, 0.4, learning_rate=0.3)
    assert head(calibrated_yaml(config, calibration_of(*trials)))["expect"].endswith(
        "; learning rate 0.1, batch 32, 4 epochs diverged"
    )


def test_the_metric_in_charge_is_named(config):
    assert "validation macro F1" in calibrated_yaml(config, calibration_of(metric="macro_f1"))
