import pytest

from recognition.calibration.result import Calibration, Choice
from recognition.configuration.sections.train import TrainConfig
from tests.recognition.calibration.samples import OWN, calibration_of, trial_of


@pytest.mark.parametrize(
    ("trials", "best"),
    [
        ([trial_of(1, 0.5), trial_of(2, 0.6), trial_of(3, 0.55)], 2),
        ([trial_of(1, 0.5), trial_of(2, 0.4)], 1),
        ([trial_of(1, 0.5, loss=1.0), trial_of(2, 0.5, loss=0.9)], 2),
        ([trial_of(1, 0.5), trial_of(2, 0.5)], 1),
        ([trial_of(1, 0.5), trial_of(2, 0.9, "pruned")], 1),
        ([trial_of(1, None, "diverged", loss=None), trial_of(2, 0.1)], 2),
    ],
)
def test_the_best_is_a_finished_trial_that_is_no_worse_than_the_first(trials, best):
    assert calibration_of(*trials).best.number == best


def test_a_calibration_survives_json():
    calibration = calibration_of()
    assert Calibration.model_validate_json(calibration.model_dump_json()) == calibration


def test_a_choice_changes_three_keys():
    config = TrainConfig.model_validate({"optimizer": "adam", "class_weights": {"a": 2.0}})
    changed = OWN.apply(config)
    assert Choice.of(changed) == OWN
    assert changed.model_dump(exclude=set(OWN.model_dump())) == config.model_dump(exclude=set(OWN.model_dump()))


def test_a_choice_in_words():
    assert OWN.in_words() == "learning rate 0.1, batch 32, 4 epochs"
    assert (
        Choice(learning_rate=1.2345e-5, batch_size=1, epochs=1).in_words() == "learning rate 1.23e-05, batch 1, 1 epoch"
    )
