import numpy as np
import pytest

from recognition.data.change import DataChange
from recognition.evaluation.paired import Difference
from recognition.gate.other_guards import guard_cost, guard_data, guard_loss, guard_seeds
from recognition.gate.paired_test import compare_pair
from recognition.training.history import Repeat
from tests.recognition.gate.pairs import discordant, pair_of


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(-0.1, 0.0, "passed"), (0.02, 0.2, "passed"), (0.06, 0.2, "failed")]
)
def test_the_loss_may_not_certainly_rise_by_more_than_the_limit(low, high, verdict):
    guard = guard_loss(Difference(1.0, 1.0 + (low + high) / 2, low, high), 0.05)
    assert (guard.verdict, guard.limit, guard.unit) == (verdict, 0.05, "nats")
    assert guard.value == pytest.approx((low + high) / 2)


def test_a_loss_without_an_interval_stops_nobody():
    assert guard_loss(Difference(1.0, 9.0, -np.inf, np.inf), 0.05).verdict == "passed"


def repeats(*scores, word="seed"):
    rows = enumerate(scores)
    return [
        Repeat(name=f"{word} {i}", epoch=1, validation_loss=1, validation_accuracy=score, validation_score=score)
        for i, score in rows
    ]


@pytest.fixture(scope="module")
def test():
    """The first seed's model is better by four points, certainly."""
    return compare_pair(pair_of(*discordant(2000, 160, 80)), 0.0)


@pytest.mark.parametrize(
    ("scores", "verdict", "value"),
    [
        ((0.60, 0.60, 0.60), "passed", 0.04),
        ((0.60, 0.62, 0.61), "passed", 0.05),
        ((0.60, 0.55, 0.56), "failed", 0.01),  # the first seed was lucky
        ((0.60, 0.50, 0.70), "failed", 0.04),  # anything may come of this recipe
    ],
)
def test_the_mean_of_several_seeds_decides_too(test, scores, verdict, value):
    guard = guard_seeds(test, repeats(*scores), 0.01)
    assert (guard.verdict, guard.value) == (verdict, pytest.approx(value))


def test_one_seed_and_folds_say_nothing_of_luck(test):
    assert guard_seeds(test, (), 0.01) is None
    assert guard_seeds(test, repeats(0.6, 0.5, word="fold"), 0.01) is None


@pytest.mark.parametrize("verdict", ["unknown", "same", "similar", "shifted", "different"])
def test_data_that_changed_block_or_warn(verdict):
    change, alarming = DataChange(verdict=verdict, reason="darker"), verdict in ("shifted", "different")
    assert guard_data(change, blocks=True).verdict == ("failed" if alarming else "passed")
    assert guard_data(change, blocks=False).verdict == ("warned" if alarming else "passed")
    assert "darker" in guard_data(change, blocks=False).detail


def test_costs_have_limits_of_their_own_and_against_the_champion():
    absolute, relative = guard_cost("size", "MB", 30, 10, 20, 4)
    assert (absolute.verdict, absolute.value, absolute.limit, absolute.unit) == ("failed", 30, 20, "MB")
    assert (relative.verdict, relative.value, relative.limit, relative.unit) == ("passed", 3, 4, "times")
    assert [guard.verdict for guard in guard_cost("size", "MB", 30, 10, 30, 2.9)] == ["passed", "failed"]
    assert guard_cost("size", "MB", 30, None, None, 1) == []
