import numpy as np
import pytest

from recognition.calibration.range_test import HIGHEST, LOWEST, has_diverged, read_off, run_range_test, smooth
from recognition.errors import TrainingStopped
from recognition.training.listener import TrainingListener
from recognition.training.task import Task
from tests.recognition.training.samples import moving_plan, recipe, tiny_network

STEPS = 40


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setattr("recognition.training.learner.build_network", tiny_network)


def run(dataset, listener=None, **changes):
    listener = listener or TrainingListener()
    return run_range_test(Task(dataset, moving_plan(dataset), recipe(**changes), "accuracy"), STEPS, listener)


class Counting(TrainingListener):
    """Counts images, and may stop after some."""

    def __init__(self, stop_at=None):
        self.seen, self._stop_at = [], stop_at

    def on_step(self, images, total, images_per_second):
        self.seen.append((images, total))

    def should_stop(self):
        return len(self.seen) == self._stop_at


@pytest.fixture(scope="module")
def usual(dataset):
    """A range test with the tiny network, and who listened."""
    listener = Counting()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recognition.training.learner.build_network", tiny_network)
        return run(dataset, listener), listener


def test_a_range_test_finds_a_rate_between_absurd_bounds(usual):
    test, _ = usual
    assert 3e-3 < test.suggestion < 1
    assert LOWEST == test.rates[0] < test.rates[-1] <= HIGHEST
    ratios = np.divide(test.rates[1:], test.rates[:-1])
    np.testing.assert_allclose(ratios, ratios[0])
    assert min(test.smoothed) < test.smoothed[0] - 0.2
    assert len(test.rates) == len(test.losses) == len(test.smoothed)


def test_the_recipes_own_rate_and_epochs_do_not_matter(usual, dataset):
    assert usual[0] == run(dataset, learning_rate=7.0, epochs=1, schedule="constant")


def test_a_step_may_take_several_batches(usual, dataset):
    accumulated = Counting(stop_at=1)
    with pytest.raises(TrainingStopped):
        run(dataset, accumulated, batch_size=16, accumulate=2)
    assert usual[1].seen[0] == accumulated.seen[0] == (32, 32 * STEPS)


def test_a_range_test_can_be_stopped(dataset):
    listener = Counting(stop_at=3)
    with pytest.raises(TrainingStopped):
        run(dataset, listener)
    assert len(listener.seen) == 3


def test_divergence_ends_it(dataset, monkeypatch):
    monkeypatch.setattr("recognition.calibration.range_test.HIGHEST", 1e12)
    test = run(dataset)
    assert test.diverged
    assert len(test.rates) < STEPS
    assert np.isfinite(test.losses).all()
    assert test.suggestion < 10


@pytest.mark.parametrize("last", [np.nan, np.inf])
def test_a_loss_that_is_no_number_has_diverged(last):
    assert has_diverged(np.array([2.0, last]), 100)


def test_noise_is_no_divergence():
    losses = 2 + np.random.default_rng(0).normal(0, 0.5, 100)
    assert not any(has_diverged(losses[: i + 1], 100) for i in range(100))


def test_what_rises_far_above_its_lowest_has_diverged():
    falling = [2.0] * 20 + [0.5] * 60
    assert not has_diverged(np.array([*falling, 1.0]), 100)
    assert has_diverged(np.array([*falling, *[5.0] * 10]), 100)


def test_the_suggestion_lies_below_where_the_loss_is_lowest():
    rates = np.geomspace(1e-4, 10, 101)  # the lowest loss is at 0.1, and a little later once smoothed
    losses = 1 + (np.log10(rates) + 1) ** 2
    test = read_off(rates, losses, 101)
    assert 0.1 / 3 <= test.suggestion < 0.15 / 3 * 1.1
    assert not test.diverged


def test_smoothing_starts_without_a_bias_and_follows():
    assert smooth(np.full(50, 3.0), 50) == pytest.approx(3.0)
    smoothed = smooth(np.array([1.0] * 50 + [0.0] * 50), 100)
    assert smoothed[49] == pytest.approx(1)
    assert smoothed[-1] < 0.01
