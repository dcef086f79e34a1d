"""What a training hands on."""

from dataclasses import replace

import numpy as np
import pytest

from recognition.evaluation.temperature import rescale
from recognition.training.candidate import make_candidate
from recognition.training.model_file import load_model
from recognition.training.task import Task
from recognition.training.train import train
from tests.recognition.training.samples import moving_plan, recipe, tiny_network


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):
    """A task, and what came of it: a model that averages mirror images, too sure of itself."""
    config = recipe(epochs=2, batch_size=16, learning_rate=0.05, average_mirrored=True)
    task = Task(dataset, moving_plan(dataset), config, "accuracy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recognition.training.learner.build_network", tiny_network)
        return task, train(task, tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def candidate(trained):
    task, outcome = trained
    return make_candidate(outcome, task)


def images(task):
    return task.dataset.splits["validation"].images


def test_the_temperature_fits_the_validation_split(trained, candidate):
    task, outcome = trained
    best = outcome.history.best
    labels = task.dataset.splits["validation"].labels
    answers = candidate.model(images(task)).numpy()
    loss = -np.log(answers[np.arange(len(labels)), labels]).mean()
    assert candidate.history.temperature != 1.0
    assert loss < best.validation_loss
    assert (answers.argmax(axis=1) == labels).mean() == pytest.approx(best.validation_accuracy)


def test_the_temperature_is_inside_the_model(trained, candidate):
    task, outcome = trained
    before, after = (model(images(task)).numpy() for model in (outcome.model, candidate.model))
    np.testing.assert_allclose(after, rescale(before, candidate.history.temperature), atol=1e-5)
    assert np.abs(after - before).max() > 0.01


def test_the_model_is_loaded_in_safe_mode(trained, candidate, tmp_path):
    candidate.model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(images(trained[0])).numpy(), candidate.model(images(trained[0])).numpy())


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_a_given_temperature_stands(trained, temperature):
    task, outcome = trained
    given = make_candidate(outcome, replace(task, config=task.config.model_copy(update={"temperature": temperature})))
    assert given.history.temperature == temperature
    answers = rescale(outcome.model(images(task)).numpy(), temperature)
    np.testing.assert_allclose(given.model(images(task)).numpy(), answers, atol=1e-5)
