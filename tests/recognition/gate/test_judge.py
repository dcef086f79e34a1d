import numpy as np
import pytest

from recognition.configuration.sections.gate import GateConfig
from recognition.gate.decision import Guard
from recognition.gate.judge import judge_first, judge_incomparable, judge_pair
from recognition.gate.trial import NewClass, Trial
from tests.recognition.gate.pairs import discordant, pair_of
from tests.recognition.gate.test_other_guards import repeats

TERMS = (3, 0.01)
BROKEN = Guard(name="size", verdict="failed", value=30, limit=20, unit="MB")


def predictions_with(hits, images=100, classes=4):
    """Labels of equally many images a class, and predictions of which the first `hits` of each class are right."""
    true = np.arange(images) % classes
    return true, np.where(np.arange(images) < hits, true, (true + 1) % classes)


def trial_of(true, predicted, metric="accuracy", excluded=0):
    return Trial(metric, "test", true, predicted, excluded)


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


@pytest.mark.parametrize("failed", [False, True])
def test_a_first_champion_must_pass_what_guards_there_are(failed):
    guards = [BROKEN] if failed else []
    judged = judge_first(GateConfig(), trial_of(*predictions_with(90)), guards)
    assert (judged.decision, judged.passed) == (("kept", False) if failed else ("promoted", True))
    assert ("guard failed: size" in judged.reason) == failed


@pytest.mark.parametrize(
    ("gained", "lost", "decision"),
    [(60, 30, "promoted"), (45, 40, "kept"), (40, 40, "kept"), (30, 60, "kept"), (0, 0, "kept")],
)
def test_a_candidate_must_be_better_than_the_champion_beyond_chance(gained, lost, decision):
    judged = judge_pair(GateConfig(), pair_of(*discordant(1000, gained, lost), excluded=2), TERMS)
    assert (judged.decision, judged.passed, judged.found) == (decision, decision == "promoted", decision == "promoted")
    assert judged.difference == pytest.approx((gained - lost) / 1000)
    assert (judged.images, judged.excluded, judged.champion_version, judged.split) == (1000, 2, "6", "test")
    assert (judged.require, judged.number, judged.level) == ("better", 3, 0.01)
    assert judged.low <= judged.difference <= judged.high
    for part in (f"{judged.candidate:.2%} against {judged.champion:.2%}", "version 6", "level 0.01 for decision 3"):
        assert part in judged.reason


@pytest.mark.parametrize(
    ("gained", "lost", "decision"), [(45, 40, "promoted"), (40, 40, "promoted"), (38, 40, "kept"), (20, 60, "kept")]
)
def test_not_worse_is_enough_where_asked_for(gained, lost, decision):
    config = GateConfig(require="not_worse", margin=0.03)
    judged = judge_pair(config, pair_of(*discordant(1000, gained, lost)), TERMS)
    assert judged.decision == decision
    assert judged.found == (lost - gained < 10)
    assert (judged.require, judged.margin) == ("not_worse", 0.03)
    assert ("but not as good on these images" in judged.reason) == ((gained, lost) == (38, 40))


def test_a_candidate_that_looks_better_is_told_what_it_would_take():
    told = "points would be found in 4 of 5 cases"
    by_gain = {
        gained: judge_pair(GateConfig(), pair_of(*discordant(1000, gained, 40)), TERMS) for gained in (80, 45, 30)
    }
    assert {gained: told in judged.reason for gained, judged in by_gain.items()} == {80: False, 45: True, 30: False}
    assert f"{by_gain[45].detectable * 100:+.2f} {told}" in by_gain[45].reason


def test_the_level_decides():
    pair = pair_of(*discordant(1000, 60, 40))
    by_level = {level: judge_pair(GateConfig(), pair, (1, level)).decision for level in (0.05, 0.02)}
    assert by_level == {0.05: "promoted", 0.02: "kept"}


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_the_configured_metric_decides(metric):
    true = np.array([0] * 900 + [1] * 100)
    champion = np.where(true, False, np.arange(1000) % 10 > 0)
    candidate = np.where(true, True, np.arange(1000) % 10 > 2)
    config = GateConfig(max_class_loss=None, max_loss_increase=None)
    judged = judge_pair(config, pair_of(champion, candidate, true, 2, metric), TERMS)
    assert judged.decision == ("kept" if metric == "accuracy" else "promoted")
    assert judged.metric == metric


@pytest.mark.parametrize("switched", ["class", "superclass", "loss_increase"])
def test_each_guard_can_be_switched_off(switched):
    true = np.arange(1000) % 4
    champion, candidate = true == 0, true != 0
    limits = {"max_class_loss": None, "max_superclass_loss": None, "max_loss_increase": None}
    key = f"max_{switched}" if "loss" in switched else f"max_{switched}_loss"
    pair = pair_of(champion, candidate, superclass_of=(0, 1, 2, 3))
    judged = {value: judge_pair(GateConfig(**limits | {key: value}), pair, TERMS) for value in (None, 0.01)}
    assert (judged[None].decision, judged[None].guards) == ("promoted", ())
    assert len(judged[0.01].guards) == 1
    assert judged[0.01].decision == ("promoted" if switched == "loss_increase" else "kept")


def test_a_guard_stops_a_better_candidate_and_says_so():
    judged = judge_pair(GateConfig(), pair_of(*discordant(1000, 90, 20)), TERMS, guards=[BROKEN])
    assert (judged.decision, judged.passed, judged.failed, judged.found) == ("kept", False, ("size",), True)
    assert judged.reason.endswith("guard failed: size")


def test_guards_are_told_in_full_where_they_decided():
    true = np.arange(1000) % 4
    champion = (true == 0) | (np.arange(1000) < 300)
    for candidate, found in ((true != 0, True), (champion & (true != 0), False)):
        judged = judge_pair(GateConfig(max_loss_increase=None), pair_of(champion, candidate), TERMS)
        assert judged.failed == ("classes",)
        assert ("class_0 loses 100.0%" in judged.reason) == found
        assert "guard failed: classes" in judged.reason


def test_a_lucky_seed_is_kept():
    pair = pair_of(*discordant(1000, 90, 20))
    judged = [judge_pair(GateConfig(), pair, TERMS, repeats(*scores)) for scores in ((0.6, 0.61), (0.7, 0.6, 0.61))]
    assert [each.decision for each in judged] == ["promoted", "kept"]
    assert judged[1].failed == ("seeds",)


@pytest.mark.parametrize(("right", "decision"), [(15, "promoted"), (5, "kept")])
def test_with_another_list_of_classes_the_common_ones_may_not_suffer(right, decision):
    pair = pair_of(*discordant(1000, 20, 22), added=(NewClass("owl", 20, right),), removed=("newt",))
    judged = judge_pair(GateConfig(margin=0.03), pair, TERMS)
    assert (judged.decision, judged.require) == (decision, "not_worse")
    assert "classes that both know" in judged.reason
    worse = pair_of(*discordant(1000, 20, 60), added=(NewClass("owl", 20, 20),))
    assert judge_pair(GateConfig(margin=0.03), worse, TERMS).decision == "kept"


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
    decisions = [judge_first(config, trial), judge_incomparable(config, trial, "4", "it knows other classes")]
    for judged in decisions:
        assert (judged.decision, judged.candidate, judged.champion) == ("kept", None, None)
        assert (judged.images, judged.excluded) == (0, 1200)
        assert "no test image is left to judge by" in judged.reason
        assert "each of the 1,200" in judged.reason
        assert "gate.split" not in judged.reason
    assert [judged.champion_version for judged in decisions] == [None, "4"]
    held_out = judge_first(config, Trial("accuracy", "gate", nothing, nothing, 1200))
    assert held_out.reason.endswith("each of the 1,200; gate.split: test asks other images")


def test_a_decision_survives_its_record():
    tiny = pair_of(np.zeros(4, bool), np.ones(4, bool), metric="macro_f1")
    for pair in (tiny, pair_of(*discordant(100, 20, 5))):
        judged = judge_pair(GateConfig(), pair, TERMS)
        assert type(judged).model_validate_json(judged.model_dump_json()) == judged
