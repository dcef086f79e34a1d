import pytest
from pydantic import ValidationError

from recognition.configuration.sections.calibrate import CalibrateConfig

WRONG_BATCHES = [[], [0], [64, 64], [64.0], ["64"], [True], 64, "64", {"a": 1}, [1_000_001], [[64]], list(range(1, 22))]
WRONG_RANGES = [[5, 2], [0, 2], [2], [1, 2, 3], 3, [1.0, 2.0], [True, 2], "1-2", [1, 10_001], {}, [[1], 2]]


@pytest.mark.parametrize("value", WRONG_BATCHES, ids=str)
def test_what_is_no_list_of_batch_sizes_is_refused(value):
    with pytest.raises(ValidationError, match="expected a list of up to 20 different batch sizes"):
        CalibrateConfig.model_validate({"batch_sizes": value})


@pytest.mark.parametrize("value", WRONG_RANGES, ids=str)
def test_what_is_no_range_of_epochs_is_refused(value):
    with pytest.raises(ValidationError, match=r"expected \[fewest, most\]"):
        CalibrateConfig.model_validate({"epoch_range": value})


def test_batch_sizes_are_sorted_and_a_range_may_be_one_number():
    config = CalibrateConfig.model_validate({"batch_sizes": [256, 64], "epoch_range": [3, 3]})
    assert (config.batch_sizes, config.epoch_range) == ((64, 256), (3, 3))
    assert CalibrateConfig.model_validate(config.model_dump()) == config
