import pytest
from pydantic import ValidationError

from recognition.training.history import History
from tests.recognition.report.samples import history_of


def test_the_best_epoch_counts_from_one():
    history = history_of(epochs=3, best_epoch=2)
    assert history.best is history.epochs[1]
    assert history.best.epoch == 2


def test_a_history_survives_json():
    history = history_of()
    assert History.model_validate_json(history.model_dump_json()) == history


def test_a_history_never_changes():
    with pytest.raises(ValidationError, match="frozen"):
        history_of().best_epoch = 1
