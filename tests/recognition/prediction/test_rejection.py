import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from recognition.prediction.rejection import Rejection, applied, choose_rejection, error_bounds, judged_answers

SURE = np.linspace(1, 0, 1_000, endpoint=False)  # probabilities, each once


def drawn(images, generator):
    """Confidences, and whether the answers are right: as often as a confidence of an overconfident model lets fear."""
    confidence = 0.2 + 0.79 * generator.random(images) ** 0.7
    return confidence, generator.random(images) < confidence**0.8


def rejection_at(threshold):
    return Rejection(target_error=0.1, threshold=threshold, error=0.05, coverage=0.5, images=100)


@pytest.mark.parametrize("target", [None, 1, 1.0])
def test_none_is_asked_for_none_is_set(target):
    choice = choose_rejection(SURE, SURE > 0.5, target)
    assert (choice.target_error, choice.rejection) == (None, None)
    assert choice.in_words() == "off: every answer is given"


def test_a_model_that_is_right_answers_everything():
    found = choose_rejection(SURE, SURE >= 0, 0.05).rejection
    assert (found.coverage, found.error, found.images) == (1.0, 0.0, 1_000)
    assert found.threshold == SURE.min()


def test_a_model_that_is_wrong_answers_nothing():
    choice = choose_rejection(SURE, SURE < 0, 0.05)
    assert (choice.target_error, choice.rejection) == (0.05, None)
    assert "no threshold keeps the error to 5.00%" in choice.in_words()


def test_the_unsure_half_is_rejected_where_it_is_wrong():
    found = choose_rejection(SURE, SURE > 0.5, 0.05).rejection
    assert 0.5 <= found.coverage <= 0.55
    assert found.error <= 0.05
    answered = found.threshold <= SURE
    assert found.coverage == answered.mean()
    assert found.error == (SURE[answered] <= 0.5).mean()


def test_it_is_more_careful_than_the_error_that_was_seen():
    found = choose_rejection(SURE, SURE > 0.5, 0.2).rejection
    seen = np.cumsum(SURE <= 0.5) / np.arange(1, 1_001)
    assert found.coverage < np.flatnonzero(seen <= 0.2)[-1] / 1_000


def test_few_images_prove_little():
    assert choose_rejection(SURE[:40], np.ones(40, bool), 0.05).rejection is None


def test_equal_probabilities_are_answered_together():
    ties = np.repeat([0.9, 0.4], 500)
    found = choose_rejection(ties, ties > 0.5, 0.05).rejection
    assert (found.threshold, found.coverage, found.error) == (0.9, 0.5, 0.0)
    assert choose_rejection(np.ones(1_000), np.arange(1_000) % 2 == 0, 0.4).rejection is None


def test_what_it_does_to_other_images():
    predictions = pd.DataFrame(
        {"true": [0, 1, 1, 0], "predicted": [0, 0, 1, 1], "probability_1": np.float32([0.9, 0.8, 0.5, 0.2])}
    )
    probability, right = judged_answers(predictions)
    np.testing.assert_array_equal(right, [True, False, True, False])
    np.testing.assert_array_equal(probability, np.float32([0.9, 0.8, 0.5, 0.2]))
    point = applied(rejection_at(0.6), predictions)
    assert (point.coverage, point.accuracy, point.threshold) == (0.5, 0.5, 0.6)
    assert applied(rejection_at(1.0), predictions).coverage == 0


def test_no_image_no_threshold():
    assert choose_rejection(np.empty(0), np.empty(0, bool), 0.1).rejection is None


@pytest.mark.parametrize(("wrong", "given"), [(0, 10), (3, 40), (39, 40)])
def test_the_bound_is_clopper_and_pearsons(wrong, given):
    (bound,) = error_bounds(np.array([wrong]), np.array([given]), 0.01)
    assert binom.cdf(wrong, given, bound) == pytest.approx(0.01)


def test_the_bound_of_nothing_right_is_certainty():
    assert error_bounds(np.array([5]), np.array([5]), 0.01) == [1.0]


def test_the_promise_is_kept():
    """Of 200 thresholds chosen on 1,000 images, at most one in twenty misses its target on very many more."""
    generator = np.random.default_rng(0)
    confidence, right = drawn(500_000, generator)
    missed = naive = 0
    for _ in range(200):
        seen, hits = drawn(1_000, generator)
        found = choose_rejection(seen, hits, 0.2).rejection
        missed += (~right[confidence >= found.threshold]).mean() > 0.2
        order = np.argsort(-seen)
        errors = np.cumsum(~hits[order]) / np.arange(1, 1_001)
        least = seen[order][np.flatnonzero(errors <= 0.2)[-1]]
        naive += (~right[confidence >= least]).mean() > 0.2
    assert missed <= 10
    assert naive > 60  # what the error that was seen would promise
