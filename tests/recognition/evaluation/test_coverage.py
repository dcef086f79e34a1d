import numpy as np
import pytest

from recognition.evaluation.coverage import POINTS, TARGETS, coverage_of


def coverage(confidences, hits):
    return coverage_of(np.array(confidences, np.float32), np.array(hits, bool))


def rows(curve):
    return [(point.coverage, point.accuracy) for point in curve]


def test_by_hand():
    # by confidence: right, right, wrong, right
    result = coverage([0.5, 0.75, 1.0, 0.25], [False, True, True, True])
    assert rows(result.curve) == [(0.25, 1), (0.5, 1), (0.75, pytest.approx(2 / 3)), (1, 0.75)]
    assert [point.threshold for point in result.curve] == [1, 0.75, 0.5, 0.25]
    assert [(each.accuracy, each.coverage, each.threshold) for each in result.targets] == [
        (share, 0.5, 0.75) for share in TARGETS
    ]


def test_a_target_takes_the_largest_coverage_even_behind_a_dip():
    hits = [True, False, *[True] * 18]
    target = coverage(np.linspace(1, 0.5, 20), hits).targets[1]
    assert (target.accuracy, target.coverage) == (0.95, 1)


def test_equal_confidences_are_answered_together():
    result = coverage([0.5, 0.5, 0.9], [True, False, True])
    assert rows(result.curve) == [(pytest.approx(1 / 3), 1), (1, pytest.approx(2 / 3))]
    assert rows(coverage([0.5] * 7, [True] * 6 + [False]).curve) == [(1, pytest.approx(6 / 7))]


def test_a_target_out_of_reach():
    result = coverage([0.9, 0.8], [False, True])
    assert {(each.coverage, each.threshold) for each in result.targets} == {(0, None)}


def test_a_perfect_predictor_needs_nobody():
    assert {each.coverage for each in coverage([0.9, 0.4, 0.6], [True] * 3).targets} == {1}


def test_many_images_make_a_short_curve_with_both_ends():
    generator = np.random.default_rng(0)
    confidences = generator.permutation(5000) / 5000
    hits = generator.random(5000) < confidences
    curve = coverage(confidences, hits).curve
    assert len(curve) == POINTS
    assert curve[0].coverage == 1 / 5000
    assert (curve[-1].coverage, curve[-1].accuracy) == (1, hits.mean())
    for point in curve:
        answered = np.float32(confidences) >= np.float32(point.threshold)
        assert (answered.mean(), hits[answered].mean()) == pytest.approx((point.coverage, point.accuracy))
