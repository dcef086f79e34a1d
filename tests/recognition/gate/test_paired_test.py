import numpy as np
import pytest
from scipy import stats

from recognition.gate.paired_test import compare_pair, share_p
from tests.recognition.gate.pairs import discordant, pair_of


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (5, 0), (12, 7), (300, 240), (3, 9)])
def test_better_is_asked_by_mcnemars_exact_test(gained, lost):
    expected = stats.binomtest(gained, gained + lost, alternative="greater").pvalue if gained + lost else 1.0
    assert share_p(gained, lost, 1000, 0.0) == pytest.approx(expected)


def test_not_worse_is_asked_by_tangos_score_test():
    # Tango 1998, table of the crossover trial: n = 44, b = 0, c = 1; z = 1.709 for a margin of 0.1
    assert stats.norm.isf(share_p(0, 1, 44, 0.1)) == pytest.approx(1.709, abs=2e-3)


def test_a_margin_makes_it_easier():
    assert share_p(20, 25, 1000, 0.02) < share_p(20, 25, 1000, 0.01) < share_p(20, 25, 1000, 0.0)


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_the_metric_is_tested_and_what_could_be_found_is_told(metric):
    test = compare_pair(pair_of(*discordant(400, 40, 20), metric=metric), 0.0)
    assert test.tested.value == pytest.approx(0.05, abs=0.012)
    assert 0.001 < test.p < 0.02
    normal = stats.norm(0, np.sqrt(60) / 400)
    assert test.detectable(0.05) == pytest.approx(
        normal.isf(0.05) + normal.isf(0.2), rel=0.4 if metric == "macro_f1" else 0.15
    )


@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_f1"])
def test_averages_of_few_images_find_nothing(metric):
    champion, candidate = np.zeros(20, bool), np.ones(20, bool)
    assert compare_pair(pair_of(champion, candidate, metric=metric), 0.0).p == 1


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_equal_answers_are_not_better(metric):
    same = np.arange(100) % 3 == 0
    test = compare_pair(pair_of(same, same, metric=metric), 0.0)
    assert (test.tested.value, test.p) == (0, 1)
