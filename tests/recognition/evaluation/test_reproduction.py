from dataclasses import replace

import numpy as np
import pytest

from recognition.errors import RecognitionError
from recognition.evaluation.evaluate import evaluate
from recognition.evaluation.reproduction import BIT_EQUAL, DIFFERENT, WITHIN, compare_trainings
from tests.recognition.evaluation.samples import certain, random_probabilities, split_of

SPLIT = split_of([0, 1, 2] * 40)
CLASSES = ("a", "b", "c")
WEIGHTS = (np.arange(6, dtype=np.float32).reshape(2, 3), np.array([0.0, np.nan], np.float32))


def evaluation(seed=0, skill=3.0):
    return evaluate(random_probabilities(SPLIT.labels, 3, seed, skill), SPLIT, CLASSES)


def right(count):
    """An evaluation whose first `count` answers are right."""
    predicted = np.where(np.arange(len(SPLIT)) < count, SPLIT.labels, (SPLIT.labels + 1) % 3)
    return evaluate(certain(predicted, 3), SPLIT, CLASSES)


def compared(first, second, tolerance=None, weights=WEIGHTS):
    return compare_trainings((WEIGHTS, weights), (first, second), tolerance)


def test_the_same_bits():
    found = compared(evaluation(), evaluation())
    assert found.verdict == BIT_EQUAL
    assert (found.equal_weights, found.weights) == (2, 2)
    assert (found.changed, found.touched, found.largest_difference) == (0, 0, 0)


@pytest.mark.parametrize(
    "weights",
    [
        (np.nextafter(WEIGHTS[0], 9, dtype=np.float32), WEIGHTS[1]),
        (WEIGHTS[0].astype(np.float64), WEIGHTS[1]),
        (WEIGHTS[0].T, WEIGHTS[1]),
        (WEIGHTS[0], np.array([-0.0, np.nan], np.float32)),
    ],
)
def test_one_bit_of_the_weights_counts(weights):
    found = compared(evaluation(), evaluation(), weights=weights)
    assert found.verdict == WITHIN
    assert found.equal_weights == 1


@pytest.mark.parametrize("weights", [WEIGHTS[:1], (*WEIGHTS, WEIGHTS[0])])
def test_another_number_of_weights_is_not_equal(weights):
    assert compared(evaluation(), evaluation(), weights=weights).verdict == WITHIN


def test_one_bit_of_a_prediction_counts():
    first = evaluation()
    table = first.predictions.copy()
    table.loc[3, "loss"] = np.nextafter(table.loc[3, "loss"], np.float32(9), dtype=np.float32)
    found = compared(first, replace(first, predictions=table))
    assert (found.verdict, found.touched, found.changed) == (WITHIN, 1, 0)


def test_overlapping_intervals_are_near_enough():
    found = compared(right(90), right(96))
    assert found.verdict == WITHIN
    assert found.accuracies == (0.75, 0.8)
    assert found.changed == 6
    assert "+5.00 points; their 95 % intervals overlap by" in found.reason


def test_intervals_apart_are_not():
    found = compared(right(100), right(60))
    assert found.verdict == DIFFERENT
    assert "points" in found.reason
    assert "apart" in found.reason


@pytest.mark.parametrize(("tolerance", "verdict"), [(0.05, WITHIN), (0.049, DIFFERENT)])
def test_a_tolerance_of_ones_own(tolerance, verdict):
    assert compared(right(90), right(84), tolerance).verdict == verdict


def test_columns_that_one_of_them_lacks_are_not_compared():
    first = evaluation()
    older = replace(first, predictions=first.predictions.drop(columns="suspect"))
    assert compared(older, first).verdict == BIT_EQUAL


def test_other_images_cannot_be_compared():
    other = split_of([0, 1, 2] * 40, seed=1)
    with pytest.raises(RecognitionError, match="different images"):
        compared(evaluation(), evaluate(random_probabilities(other.labels, 3), other, CLASSES))
