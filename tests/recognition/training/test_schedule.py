import numpy as np
import pytest

from recognition.training.schedule import FINAL_SHARE, image_size, learning_rate
from tests.recognition.training.samples import recipe


def test_a_constant_rate():
    config = recipe(schedule="constant", learning_rate=0.3)
    assert {learning_rate(config, step, 100) for step in range(100)} == {0.3}


def test_one_cycle_climbs_to_the_peak_and_falls_to_its_start():
    config = recipe(learning_rate=0.4, warmup=0.25)
    rates = [learning_rate(config, step, 400) for step in range(400)]
    assert np.argmax(rates) == 99
    assert rates[99] == pytest.approx(0.4)
    lowest = 0.4 * FINAL_SHARE
    assert rates[0] == pytest.approx(lowest + 0.38 / 100)
    assert rates[-1] == pytest.approx(lowest + 0.38 / 300)
    assert np.diff(rates[:100]) == pytest.approx(np.full(99, 0.38 / 100))
    assert np.diff(rates[100:]) == pytest.approx(np.full(299, -0.38 / 300))


@pytest.mark.parametrize("warmup", [0, 0.001, 0.2, 0.5, 0.999])
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 250])
def test_one_cycle_stays_between_its_ends_and_turns_once(warmup, steps):
    config = recipe(learning_rate=0.4, warmup=warmup)
    rates = np.array([learning_rate(config, step, steps) for step in range(steps)])
    assert rates.max() <= 0.4
    assert rates.min() >= 0.4 * FINAL_SHARE
    signs = np.sign(np.diff(rates))
    assert (np.diff(signs[signs != 0]) <= 0).all()


def test_without_warmup_the_first_step_is_the_highest():
    assert learning_rate(recipe(learning_rate=0.4, warmup=0.0), 0, 50) == pytest.approx(0.4)


def test_stable_decay_holds_and_falls_to_nothing():
    config = recipe(schedule="stable_decay", learning_rate=2.0, hold=0.5)
    rates = [learning_rate(config, step, 8) for step in range(8)]
    assert rates == pytest.approx([2, 2, 2, 2, 2, 1.5, 1, 0.5])


def test_images_grow_stage_by_stage():
    config = recipe(network="fast", sizes={28: 0.6, 20: 0.25})
    assert [image_size(config, step, 8) for step in range(8)] == [20, 20, 28, 28, 28, None, None, None]
    assert image_size(recipe(), 0, 8) is None


def rates(steps, **changes):
    return np.array([learning_rate(recipe(learning_rate=0.4, **changes), step, steps) for step in range(steps)])


def test_a_cosine_falls_from_the_peak_to_nothing():
    found = rates(100, schedule="cosine")
    np.testing.assert_allclose(found, 0.2 * (1 + np.cos(np.pi * np.arange(100) / 100)), atol=1e-12)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "stable_decay"])
def test_every_schedule_can_climb_first(schedule):
    found = rates(100, schedule=schedule, warmup=0.1)
    np.testing.assert_allclose(found[:10], 0.4 * np.arange(1, 11) / 10)
    assert found.max() == pytest.approx(0.4)
    assert (np.diff(found[10:]) <= 0).all()
    assert found[-1] < 0.02 or schedule == "constant"


def test_only_one_cycle_climbs_without_being_told():
    assert rates(50, schedule="one_cycle").argmax() == 9
    for schedule in ("constant", "cosine", "stable_decay"):
        assert rates(50, schedule=schedule)[0] == pytest.approx(0.4)
