import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from recognition.configuration.schema import GateConfig
from recognition.gate import judge_first, judge_incomparable, judge_pair, score
from tests.recognition.evaluation.samples import evaluation_of

METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
TRUE = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 0, 2, 2, 0, 1])


def predictions_with(hits, images=100, classes=4):
    """Labels of equally many images a class, and predictions of which the first `hits` of each class are right."""
    true = np.arange(images) % classes
    return true, np.where(np.arange(images) < hits, true, (true + 1) % classes)


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
def test_gate_and_evaluation_agree(metric, absent):
    generator = np.random.default_rng(1)
    true, predicted = generator.integers(0, 7, (2, 300))
    true = np.where(true == absent, 1, true)
    metrics = evaluation_of(true, predicted, 7).metrics
    assert score(metric, true, predicted) == pytest.approx(getattr(metrics, metric), abs=1e-12)


@pytest.mark.parametrize(("hits", "decision"), [(40, "promoted"), (39, "kept"), (41, "promoted")])
def test_a_first_champion_must_reach_chance_and_margin(hits, decision):
    true, predicted = predictions_with(hits)
    judged = judge_first(GateConfig(margin_over_chance=0.15), true, predicted, excluded=3)
    assert judged.decision == decision
    assert (judged.candidate, judged.images, judged.excluded) == (hits / 100, 100, 3)
    assert (judged.champion, judged.champion_version) == (None, None)
    for number in (f"{hits}.00%", "40.00%", "25.00%", "15.00%"):
        assert number in judged.reason


def test_chance_is_always_naming_the_most_frequent_class():
    true = np.array([0] * 70 + [1] * 30)
    judged = judge_first(GateConfig(margin_over_chance=0.0), true, np.zeros(100, np.int64), excluded=0)
    assert judged.decision == "promoted"
    assert "chance 70.00%" in judged.reason
    judged = judge_first(GateConfig(margin_over_chance=0.01), true, np.zeros(100, np.int64), excluded=0)
    assert judged.decision == "kept"


@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_f1"])
def test_chance_of_an_average_over_classes_is_one_class_in_all(metric):
    true = np.array([0] * 70 + [1] * 30)
    judged = judge_first(GateConfig(metric=metric), true, np.zeros(100, np.int64), excluded=0)
    assert judged.decision == "kept"
    assert "chance 50.00%" in judged.reason


@pytest.mark.parametrize(("hits", "decision"), [(61, "promoted"), (60, "kept"), (59, "kept")])
def test_a_candidate_must_be_better_than_the_champion(hits, decision):
    true, predicted = predictions_with(hits)
    judged = judge_pair(GateConfig(), true, predicted, predictions_with(60)[1], "7", excluded=2)
    assert judged.decision == decision
    assert (judged.candidate, judged.champion, judged.champion_version) == (hits / 100, 0.6, "7")
    assert (judged.images, judged.excluded) == (100, 2)
    for part in (f"{hits}.00%", "60.00%", "version 7", "100 images"):
        assert part in judged.reason


def test_the_configured_metric_decides():
    true = np.array([0] * 90 + [1] * 10)
    frequent, rare = np.zeros(100, np.int64), np.where(true, 1, np.arange(100) % 2)
    by_accuracy = judge_pair(GateConfig(), true, rare, frequent, "1", excluded=0)
    by_balance = judge_pair(GateConfig(metric="balanced_accuracy"), true, rare, frequent, "1", excluded=0)
    assert (by_accuracy.decision, by_balance.decision) == ("kept", "promoted")
    assert by_balance.metric == "balanced_accuracy"
    assert "balanced accuracy" in by_balance.reason


@pytest.mark.parametrize(("setting", "decision"), [("keep", "kept"), ("promote", "promoted")])
def test_a_setting_decides_about_an_incomparable_champion(setting, decision):
    config = GateConfig(incomparable=setting)
    judged = judge_incomparable(config, *predictions_with(50), "4", "it knows other classes", excluded=1)
    assert judged.decision == decision
    assert (judged.candidate, judged.champion, judged.champion_version) == (0.5, None, "4")
    for part in ("version 4", "it knows other classes", f"gate.incomparable is {setting}"):
        assert part in judged.reason
