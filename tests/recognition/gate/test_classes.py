import numpy as np
import pytest
from scipy.stats import norm

from recognition.evaluation.paired import proportion_score
from recognition.gate.classes import guard_classes, guard_new_classes, guard_superclasses, losses
from recognition.gate.trial import NewClass
from tests.recognition.gate.pairs import pair_of

LABELS = np.arange(400) % 4


def losing(share, group=2):
    """A champion that is always right, and a candidate that loses a share of a class."""
    candidate = np.ones(400, bool)
    candidate[np.flatnonzero(group == LABELS)[: int(share * 100)]] = False
    return np.ones(400, bool), candidate


@pytest.mark.parametrize(("share", "verdict"), [(0.0, "passed"), (0.1, "passed"), (0.15, "passed"), (0.3, "failed")])
def test_a_class_may_not_certainly_lose_more_than_the_limit(share, verdict):
    guard = guard_classes(pair_of(*losing(share), true=LABELS), 0.1)
    assert (guard.verdict, guard.limit, guard.unit) == (verdict, -0.1, "points")
    assert guard.value == pytest.approx(-share)
    assert ("class_2" in guard.detail) == (share > 0)


def test_a_gain_elsewhere_does_not_make_up_for_a_class():
    champion, candidate = losing(0.4)
    champion = champion & ((LABELS == 2) | (np.arange(400) % 3 == 0))
    guard = guard_classes(pair_of(champion, candidate, true=LABELS), 0.1)
    assert guard.verdict == "failed"
    assert guard.detail.startswith("class_2 loses 40.0% (p ")


def test_superclasses_are_judged_by_the_superclass_that_was_named():
    within, across = losing(0.5, group=0), losing(0.5, group=1)
    owners = (0, 0, 1, 1)
    assert guard_superclasses(pair_of(*within, true=LABELS, superclass_of=owners), 0.05).verdict == "passed"
    guard = guard_superclasses(pair_of(*across, true=LABELS, superclass_of=owners), 0.05)
    assert (guard.verdict, guard.value) == ("failed", pytest.approx(-0.25))
    assert "super_0" in guard.detail
    assert guard_superclasses(pair_of(*across, true=LABELS), 0.05).verdict == "skipped"


def test_the_correction_is_holms():
    # 100 images each, of which 30, 28, 14 and 0 are lost; a fifth class has no image
    candidate = np.concatenate([np.arange(100) >= lost for lost in (14, 30, 0, 28)])
    loss, p = losses(np.repeat(np.arange(4), 100), np.ones(400, bool), candidate, 5, 0.1)
    raw = {lost: float(norm.cdf(proportion_score(0, lost, 100, -0.1))) for lost in (14, 30, 0, 28)}
    expected = [2 * raw[14], 4 * raw[30], raw[0], 3 * raw[28], 1]
    np.testing.assert_allclose(p, np.minimum(expected, 1))
    np.testing.assert_allclose(loss, [0.14, 0.3, 0, 0.28, np.nan])


def test_a_false_alarm_among_a_hundred_classes_is_rare():
    """Each class loses exactly what it may; the guard must let 95 % of such candidates pass, and catch a real loss."""
    generator, groups = np.random.default_rng(0), np.arange(10_000) % 100

    def stopped(loss):
        champion = generator.random(10_000) < 0.7
        keeps = np.where(groups == 7, 1 - (loss + 0.12) / 0.7, 1 - (0.1 + 0.12) / 0.7)
        candidate = np.where(champion, generator.random(10_000) < keeps, generator.random(10_000) < 0.4)
        return losses(groups, champion, candidate, 100, 0.1)[1].min() <= 0.05

    assert np.mean([stopped(0.1) for _ in range(100)]) <= 0.1  # 99 % of Binomial(100, 0.05)
    assert np.mean([stopped(0.45) for _ in range(20)]) >= 0.9


def test_new_classes_must_be_recognised():
    added = [NewClass("owl", 20, 12), NewClass("newt", 20, 5), NewClass("eel", 10, 9)]
    guard = guard_new_classes(added, 0.3)
    assert (guard.verdict, guard.value, guard.detail) == ("failed", 0.25, "newt 25.0%")
    assert guard_new_classes(added, 0.25).verdict == "passed"
    assert guard_new_classes([NewClass("owl", 0, 0)], 0.3).verdict == "failed"
    assert guard_new_classes([], 0.3) is None
