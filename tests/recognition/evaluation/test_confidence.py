import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from recognition.evaluation.confidence import BINS, confidence_of
from tests.recognition.evaluation.samples import certain, random_probabilities


def measured(probabilities, labels):
    probabilities, labels = np.asarray(probabilities, np.float32), np.asarray(labels)
    return confidence_of(probabilities, labels, probabilities.argmax(axis=1) == labels)


def plain_error(groups):
    """Expected calibration error of groups of (confidence, whether right), as its definition reads."""
    images = sum(len(group) for group in groups)
    total = 0.0
    for group in groups:
        if group:
            confidence = sum(confidence for confidence, _ in group) / len(group)
            accuracy = sum(hit for _, hit in group) / len(group)
            total += len(group) / images * abs(confidence - accuracy)
    return total


def pairs(probabilities, labels):
    rows = zip(probabilities.tolist(), labels.tolist(), strict=True)
    return [(max(row), row.index(max(row)) == label) for row, label in rows]


@pytest.mark.parametrize("classes", [2, 10, 100, 1000])
def test_errors_agree_with_their_definition(classes):
    labels = np.random.default_rng(classes).integers(0, classes, 500)
    probabilities = random_probabilities(labels, classes)
    images = pairs(probabilities, labels)
    by_width = [[each for each in images if low / 15 < each[0] <= (low + 1) / 15] for low in range(15)]
    assert measured(probabilities, labels).ece == pytest.approx(plain_error(by_width), rel=1e-9)
    ordered = sorted(images)
    by_mass = [ordered[i * len(images) // 15 : (i + 1) * len(images) // 15] for i in range(15)]
    assert measured(probabilities, labels).adaptive_ece == pytest.approx(plain_error(by_mass), rel=1e-9)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_losses_agree_with_scikit_learn(classes):
    labels = np.random.default_rng(classes).integers(0, classes, 500)
    probabilities = random_probabilities(labels, classes)
    ours, known = measured(probabilities, labels), range(classes)
    exact = probabilities / probabilities.sum(axis=1, keepdims=True, dtype=np.float64)
    assert ours.nll == pytest.approx(log_loss(labels, exact, labels=known), rel=1e-5)
    brier = brier_score_loss(labels, exact, labels=known, scale_by_half=False)
    assert ours.brier == pytest.approx(brier, rel=1e-5)


def test_by_hand():
    # one bin holds confidences 0.75 and 0.75, of which one is right; another 0.5, which is wrong
    ours = measured([[0.75, 0.25, 0], [0.25, 0.75, 0], [0.5, 0.25, 0.25]], [0, 2, 1])
    assert ours.ece == pytest.approx((2 * 0.25 + 0.5) / 3)
    assert ours.mean == pytest.approx(2 / 3)
    assert ours.nll == pytest.approx(-(np.log(0.75) + np.log(np.finfo(np.float32).tiny) + np.log(0.25)) / 3)
    assert ours.brier == pytest.approx(((0.25**2 * 2) + (0.25**2 + 0.75**2 + 1) + (0.5**2 + 0.75**2 + 0.25**2)) / 3)


def test_bins_are_the_reliability_diagram():
    bins = measured([[0.75, 0.25], [0.25, 0.75], [0.5, 0.5]], [0, 0, 1]).bins
    assert [(each.lower, each.upper) for each in bins] == [(i / BINS, (i + 1) / BINS) for i in range(BINS)]
    filled = {i: (each.images, each.confidence, each.accuracy) for i, each in enumerate(bins) if each.images}
    assert filled == {7: (1, 0.5, 0), 11: (2, 0.75, 0.5)}
    assert {(each.confidence, each.accuracy) for each in bins if not each.images} == {(None, None)}


def test_equal_confidences_share_a_bin_whatever_their_order():
    labels = np.array([0, 1] * 50)
    probabilities = certain(np.zeros(100, int), 2)
    for order in (np.arange(100), labels.argsort()):
        assert measured(probabilities[order], labels[order]).adaptive_ece == pytest.approx(0.4, rel=1e-6)


def test_a_perfect_and_certain_predictor():
    ours = measured(np.eye(4), np.arange(4))
    assert (ours.nll, ours.brier, ours.ece, ours.adaptive_ece, ours.mean) == (0, 0, 0, 0, 1)


def test_a_certain_predictor_that_is_always_wrong():
    ours = measured(np.eye(2), [1, 0])
    assert (ours.brier, ours.ece, ours.adaptive_ece) == (2, 1, 1)


def test_a_constant_predictor_that_knows_the_shares_is_calibrated():
    ours = measured(np.full((4, 2), [0.75, 0.25]), [0, 0, 0, 1])
    assert (ours.ece, ours.adaptive_ece) == (0, 0)


def test_a_single_image_and_a_single_class():
    assert measured([[0.25, 0.75]], [1]).adaptive_ece == 0.25
    assert measured([[1], [1]], [0, 0]).ece == 0


def test_blocks_do_not_change_anything(monkeypatch):
    labels = np.arange(30) % 10
    whole = measured(random_probabilities(labels, 10), labels)
    monkeypatch.setattr("recognition.evaluation.confidence.BLOCK", 7)
    assert measured(random_probabilities(labels, 10), labels) == whole
