import numpy as np
import pytest
from scipy import stats

from recognition.training.listener import TrainingListener
from recognition.training.repeats import train_repeatedly
from recognition.training.task import Task
from tests.recognition.training.samples import recipe


@pytest.fixture
def repeated(dataset, plan, tmp_path, tiny):
    """A function that trains repeatedly; the names of the listeners that it made."""

    def run(names=None, **options):
        config = recipe(epochs=1, **options.pop("recipe", {}))

        def listener(name):
            (names if names is not None else []).append(name)
            return TrainingListener()

        return train_repeatedly(Task(dataset, plan, config, "accuracy"), tmp_path, listener, **options)

    return run


def test_one_training_has_no_repeats(repeated, tmp_path):
    names = []
    trained = repeated(names)
    assert names == [""]
    assert (trained.history.repeats, trained.history.spread) == ((), None)
    assert len(list(tmp_path.glob("*.npz"))) == 1


def test_the_first_seed_is_the_result_and_the_spread_student_s(repeated, dataset, monkeypatch):
    names = []
    trained = repeated(names, recipe={"seeds": [3, 0, 1]})
    history = trained.history
    scores = [repeat.validation_score for repeat in history.repeats]
    low, high = stats.t.interval(0.95, 2, np.mean(scores), stats.sem(scores))
    assert history.spread == pytest.approx((np.mean(scores), (high - low) / 2))
    assert names == ["seed 3", "seed 0", "seed 1"]
    assert history.seed == 3
    assert [repeat.name for repeat in history.repeats] == names
    assert history.repeats[0].validation_loss == history.best.validation_loss
    assert len({repeat.validation_loss for repeat in history.repeats}) == 3
    split = dataset.splits["validation"]
    accuracy = (trained.model(split.images).numpy().argmax(axis=1) == split.labels).mean()
    assert accuracy == pytest.approx(history.best.validation_accuracy)
    monkeypatch.setattr("recognition.training.epoch._learn", None)  # what is finished is not trained again
    assert repeated(recipe={"seeds": [3, 0, 1]}).history.repeats == history.repeats


def test_folds_are_of_train_and_validation(repeated):
    names = []
    history = repeated(names, folds=2).history
    assert names == ["fold 1", "fold 2"]
    assert [repeat.name for repeat in history.repeats] == names
    assert history.repeats[0].validation_loss == history.best.validation_loss
