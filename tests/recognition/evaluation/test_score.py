import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from recognition.evaluation.score import in_words, score
from tests.recognition.evaluation.samples import evaluation_of

METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
TRUE = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 0, 2, 2, 0, 1])


def test_scores_by_hand():
    assert score("accuracy", TRUE, PREDICTED) == pytest.approx(6 / 10)
    assert score("balanced_accuracy", TRUE, PREDICTED) == pytest.approx((3 / 4 + 1 / 2 + 2 / 4) / 3)
    assert score("macro_f1", TRUE, PREDICTED) == pytest.approx((2 / 3 + 2 / 5 + 2 / 3) / 3)


def test_scores_are_those_of_scikit_learn():
    generator = np.random.default_rng(0)
    true, predicted = generator.integers(0, 7, (2, 500))
    assert score("accuracy", true, predicted) == sklearn_metrics.accuracy_score(true, predicted)
    expected = sklearn_metrics.balanced_accuracy_score(true, predicted)
    assert score("balanced_accuracy", true, predicted) == pytest.approx(expected)
    assert score("macro_f1", true, predicted) == pytest.approx(
        sklearn_metrics.f1_score(true, predicted, average="macro")
    )


def test_classes_without_images_count_in_no_average():
    true, predicted = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    assert score("balanced_accuracy", true, predicted) == pytest.approx((1 / 2 + 1) / 2)
    assert score("macro_f1", true, predicted) == pytest.approx((2 / 3 + 1) / 2)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("absent", [None, 0, 3, 6])
def test_score_and_evaluation_agree(metric, absent):
    generator = np.random.default_rng(1)
    true, predicted = generator.integers(0, 7, (2, 300))
    true = np.where(true == absent, 1, true)
    metrics = evaluation_of(true, predicted, 7).metrics
    assert score(metric, true, predicted) == pytest.approx(getattr(metrics, metric), abs=1e-12)


def test_names_read_well():
    assert [in_words(metric) for metric in METRICS] == ["accuracy", "balanced accuracy", "macro F1"]
