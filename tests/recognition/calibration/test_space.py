from types import SimpleNamespace

import pytest

from recognition.calibration.space import batch_sizes, check_search, describe_search, epoch_range, search_space
from recognition.configuration.sections.calibrate import CalibrateConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.errors import InputError


def options(**values):
    return CalibrateConfig.model_validate(values)


def recipe(**values):
    return TrainConfig.model_validate(values)


def check(images=1000, train=None, **calibrate):
    options = CalibrateConfig.model_validate(calibrate)
    check_search(options, TrainConfig.model_validate(train or {}), SimpleNamespace(splits={"train": range(images)}))


@pytest.mark.parametrize(
    ("wanted", "own", "accumulate", "found"),
    [
        (None, 64, 1, (32, 64, 128)),
        (None, 1, 1, (1, 2)),
        (None, 600, 1, (300, 600)),
        (None, 300, 2, (150, 300)),
        ([16, 256], 64, 1, (16, 64, 256)),
        ([64], 64, 1, (64,)),
    ],
)
def test_batch_sizes_hold_the_recipes_own_and_fit_the_images(wanted, own, accumulate, found):
    assert batch_sizes(options(batch_sizes=wanted), recipe(batch_size=own, accumulate=accumulate), 1000) == found


@pytest.mark.parametrize(("wanted", "own", "found"), [(None, 5, (3, 5)), (None, 1, (1, 1)), ([2, 9], 5, (2, 9))])
def test_epochs(wanted, own, found):
    assert epoch_range(options(epoch_range=wanted), recipe(epochs=own)) == found


@pytest.mark.parametrize("own", [0.1, 1e-6, 50.0])
def test_learning_rates_surround_the_suggestion_and_hold_the_recipes_own(own):
    low, high = search_space(options(), recipe(learning_rate=own), 1000, 0.2).learning_rates
    assert low <= 0.2 / 3
    assert high >= 0.2 * 3
    assert low <= own <= high


def test_what_fits_is_accepted():
    check()
    check(train={"epochs": 3, "batch_size": 10}, epoch_range=[1, 3], batch_sizes=[1000])


@pytest.mark.parametrize("epochs", [[2, 4], [6, 9]])
def test_the_first_trial_has_to_be_in_the_range(epochs):
    with pytest.raises(InputError, match=r"calibrate\.epoch_range leaves out train\.epochs") as raised:
        check(train={"epochs": 5}, epoch_range=epochs)
    words = raised.value.remedy.partition("=")[2].strip("'[]").split(", ")
    check(train={"epochs": 5}, epoch_range=[int(word) for word in words])


@pytest.mark.parametrize("train", [{}, {"accumulate": 4, "batch_size": 10}])
def test_batches_have_to_be_filled(train):
    largest = 1000 // train.get("accumulate", 1)
    check(train=train, batch_sizes=[largest])
    with pytest.raises(InputError, match="cannot fill") as raised:
        check(train=train, batch_sizes=[2, largest + 1])
    assert str(largest) in raised.value.expected


def test_a_search_in_words():
    text = describe_search(
        options(trials=7, minutes=20, batch_sizes=[8, 16], steps=150), recipe(epochs=4, batch_size=8)
    )
    assert text == "7 trials or 20 minutes; batch 8, 16; 2 to 4 epochs; range test of 150 steps"
    assert describe_search(options(), recipe()) == ("12 trials; batch 64, 128, 256; 1 epoch; range test of 200 steps")
