import numpy as np
import pytest

from recognition.configuration.schema import GateConfig
from recognition.gate import Trial, judge_first, judge_incomparable, judge_pair


def predictions_with(hits, images=100, classes=4):
    """Labels of equally many images a class, and predictions of which the first `hits` of each class are right."""
    true = np.arange(images) % classes
    return true, np.where(np.arange(images) < hits, true, (true + 1) % classes)


def trial_of(true, predicted, metric="accuracy", excluded=0):
    return Trial(metric, true, predicted, excluded)


@pytest.mark.parametrize(("hits", "decision"), [(40, "promoted"), (39, "kept"), (41, "promoted")])
def test_a_first_champion_must_reach_chance_and_margin(hits, decision):
    true, predicted = predictions_with(hits)
    judged = judge_first(GateConfig(margin_over_chance=0.15), trial_of(true, predicted, excluded=3))
    assert judged.decision == decision
    assert (judged.candidate, judged.images, judged.excluded) == (hits / 100, 100, 3)
    assert (judged.champion, judged.champion_version) == (None, None)
    for number in (f"{hits}.00%", "40.00%", "25.00%", "15.00%"):
        assert number in judged.reason


def test_chance_is_always_naming_the_most_frequent_class():
    true = np.array([0] * 70 + [1] * 30)
    judged = judge_first(GateConfig(margin_over_chance=0.0), trial_of(true, np.zeros(100, np.int64)))
    assert judged.decision == "promoted"
    assert "chance 70.00%" in judged.reason
    judged = judge_first(GateConfig(margin_over_chance=0.01), trial_of(true, np.zeros(100, np.int64)))
    assert judged.decision == "kept"


@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_f1"])
def test_chance_of_an_average_over_classes_is_one_class_in_all(metric):
    true = np.array([0] * 70 + [1] * 30)
    judged = judge_first(GateConfig(), trial_of(true, np.zeros(100, np.int64), metric))
    assert judged.decision == "kept"
    assert "chance 50.00%" in judged.reason


@pytest.mark.parametrize(("hits", "decision"), [(61, "promoted"), (60, "kept"), (59, "kept")])
def test_a_candidate_must_be_better_than_the_champion(hits, decision):
    true, predicted = predictions_with(hits)
    judged = judge_pair(trial_of(true, predicted, excluded=2), predictions_with(60)[1], "7")
    assert judged.decision == decision
    assert (judged.candidate, judged.champion, judged.champion_version) == (hits / 100, 0.6, "7")
    assert (judged.images, judged.excluded) == (100, 2)
    for part in (f"{hits}.00%", "60.00%", "version 7", "100 images"):
        assert part in judged.reason


def test_the_configured_metric_decides():
    true = np.array([0] * 90 + [1] * 10)
    frequent, rare = np.zeros(100, np.int64), np.where(true, 1, np.arange(100) % 2)
    by_accuracy = judge_pair(trial_of(true, rare), frequent, "1")
    by_balance = judge_pair(trial_of(true, rare, "balanced_accuracy"), frequent, "1")
    assert (by_accuracy.decision, by_balance.decision) == ("kept", "promoted")
    assert by_balance.metric == "balanced_accuracy"
    assert "balanced accuracy" in by_balance.reason


@pytest.mark.parametrize(("setting", "decision"), [("keep", "kept"), ("promote", "promoted")])
def test_a_setting_decides_about_an_incomparable_champion(setting, decision):
    config = GateConfig(incomparable=setting)
    judged = judge_incomparable(config, trial_of(*predictions_with(50), excluded=1), "4", "it knows other classes")
    assert judged.decision == decision
    assert (judged.candidate, judged.champion, judged.champion_version) == (0.5, None, "4")
    for part in ("version 4", "it knows other classes", f"gate.incomparable is {setting}"):
        assert part in judged.reason


def test_without_an_image_left_nobody_is_promoted():
    nothing = np.empty(0, np.int64)
    trial, config = trial_of(nothing, nothing, excluded=1200), GateConfig(incomparable="promote")
    decisions = [
        judge_first(config, trial),
        judge_pair(trial, nothing, "4"),
        judge_incomparable(config, trial, "4", "it knows other classes"),
    ]
    for judged in decisions:
        assert (judged.decision, judged.candidate, judged.champion) == ("kept", None, None)
        assert (judged.images, judged.excluded) == (0, 1200)
        assert "no test image is left to judge by" in judged.reason
        assert "each of the 1,200" in judged.reason
    assert [judged.champion_version for judged in decisions] == [None, "4", "4"]
