import numpy as np

from materializers.training_state import TrainingStateMaterializer
from recognition.training.checkpoint import Checkpoint
from recognition.training.history import EpochProgress
from tests.recognition.report.samples import history_of


def state():
    arrays = {"network": [np.arange(6, dtype=np.float32).reshape(2, 3), np.float32(0.5)], "averages": []}
    return Checkpoint(arrays, history_of(epochs=2).epochs, best_epoch=1, progress=EpochProgress())


def test_a_state_comes_back(stored):
    before, after = state(), stored(TrainingStateMaterializer, state())[1]
    assert (after.epochs, after.best_epoch, after.progress) == (before.epochs, before.best_epoch, before.progress)
    assert list(after.arrays) == list(before.arrays)
    for one, other in zip(after.arrays["network"], before.arrays["network"], strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_is_pickled(stored, check_no_pickles):
    check_no_pickles(stored(TrainingStateMaterializer, state())[0].uri)


def test_metadata_tells_how_far_it_came(artifact):
    assert artifact(TrainingStateMaterializer).extract_metadata(state()) == {"epochs": 2, "best_epoch": 1}
