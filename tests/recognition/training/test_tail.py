"""More epochs for a finished training."""

from dataclasses import replace

import pytest

from recognition.errors import InputError, TrainingStopped
from recognition.training.listener import TrainingListener
from recognition.training.task import Task
from recognition.training.train import train
from tests.recognition.training.alone import Leaving
from tests.recognition.training.samples import moving_plan, recipe, tiny_network

pytestmark = pytest.mark.usefixtures("tiny")
CONSTANT = {"schedule": "constant", "learning_rate": 0.02, "optimizer": "muon", "ema": 0.9, "batch_size": 16}


def tail(epochs=2, **changes):
    return {"after": "a-run", "epochs": epochs, "schedule": "constant", "learning_rate": 0.02, **changes}


@pytest.fixture(scope="module")
def finished(dataset, tmp_path_factory):
    """A task of two epochs, and what came of it."""
    task = Task(dataset, moving_plan(dataset), recipe(epochs=2, **CONSTANT), "accuracy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recognition.training.learner.build_network", tiny_network)
        return task, train(task, tmp_path_factory.mktemp("finished"))


def extended(finished, **changes):
    """The task of a longer training."""
    task, trained = finished
    return replace(task, config=recipe(epochs=2, **CONSTANT, tail=tail(**changes)), state=trained.state)


def measured(trained):
    return [
        epoch.model_dump(exclude={"seconds", "images_per_second"}, exclude_none=True)
        for epoch in trained.history.epochs
    ]


def test_two_epochs_and_two_more_are_four(finished, tmp_path):
    whole = train(replace(finished[0], config=recipe(epochs=4, **CONSTANT)), tmp_path / "whole")
    longer = train(extended(finished), tmp_path / "longer")
    assert [epoch.epoch for epoch in longer.history.epochs] == [1, 2, 3, 4]
    assert [epoch.learning_rate for epoch in longer.history.epochs] == [pytest.approx(0.02)] * 4
    for one, other in zip(measured(longer), measured(whole), strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def test_a_tail_has_a_schedule_of_its_own(finished, tmp_path):
    longer = train(extended(finished, schedule="cosine", learning_rate=None), tmp_path)
    rates = [epoch.learning_rate for epoch in longer.history.epochs]
    assert rates[:2] == [pytest.approx(0.02)] * 2
    assert 0.002 > rates[2] > rates[3] > 0


def test_a_tail_goes_on_from_its_own_checkpoint(finished, tmp_path):
    task, leaving = extended(finished, schedule="cosine"), Leaving(batches=9)
    with pytest.raises(TrainingStopped):
        train(task, tmp_path / "stopped", leaving)
    said = []
    listener = TrainingListener()
    listener.log = said.append
    resumed = train(task, tmp_path / "stopped", listener)
    assert any(text.startswith("resuming after epoch 3 of 4") for text in said)
    whole = train(task, tmp_path / "whole")
    for one, other in zip(measured(resumed), measured(whole), strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def test_a_training_that_lost_its_patience_gets_it_back(finished, tmp_path, monkeypatch):
    monkeypatch.setattr("recognition.training.epoch._validate", lambda *_: (1.0, 0.0, 0.0))
    task = extended(finished, epochs=4)
    history = train(replace(task, config=task.config.model_copy(update={"patience": 2})), tmp_path).history
    assert len(history.epochs) == 4


def test_the_state_of_another_network_is_refused(finished, tmp_path):
    task = extended(finished)
    adam = recipe(epochs=2, **{**CONSTANT, "optimizer": "adam"}, tail=tail())
    with pytest.raises(InputError, match="another network or optimizer"):
        train(replace(task, config=adam), tmp_path)
