from types import SimpleNamespace

import pytest

from recognition.gate.spending import next_level, own_level


@pytest.mark.parametrize("half_spent", [1, 10, 300])
def test_half_of_the_level_is_spent_when_it_should_be_and_all_of_it_never(half_spent):
    shares = [own_level(0.05, half_spent, number) for number in range(1, 100_001)]
    assert sum(shares[:half_spent]) == pytest.approx(0.025)
    assert 0.0498 < sum(shares) < 0.05
    assert shares == sorted(shares, reverse=True)


def test_a_lost_decision_hands_nothing_on_and_a_won_one_all():
    own = own_level(0.05, 10, 3)
    assert next_level(0.05, 10, 3, None) == own
    assert next_level(0.05, 10, 3, SimpleNamespace(level=0.2, rejected=False)) == own
    assert next_level(0.05, 10, 3, SimpleNamespace(level=0.2, rejected=True)) == pytest.approx(own + 0.2)
