import numpy as np
import pytest

from recognition.evaluation.evaluate import evaluate
from recognition.evaluation.paired_metrics import compare_classes, compare_metrics
from recognition.evaluation.score import score
from recognition.evaluation.shared_images import share_images
from tests.recognition.evaluation.samples import certain, names_of, random_probabilities, split_of

CLASSES = 8
LABELS = np.random.default_rng(0).choice(CLASSES, 400, p=[0.3, 0.3, 0.2, 0.1, 0.05, 0.05, 0, 0])
OWNERS = np.arange(CLASSES) // 2


def evaluations(*skills, superclasses=("p", "q", "r", "s")):
    split = split_of(LABELS)
    return [
        evaluate(
            random_probabilities(LABELS, CLASSES, seed, skill),
            split,
            names_of(CLASSES),
            superclasses,
            OWNERS if superclasses else (),
        )
        for seed, skill in enumerate(skills)
    ]


def shared_of(true, *predicted, classes=4):
    split = split_of(true)
    return share_images([evaluate(certain(each, classes), split, names_of(classes)) for each in predicted])


@pytest.fixture(scope="module")
def compared():
    runs = evaluations(0.5, 3.0)
    return runs, compare_metrics(share_images(runs), 0, 1)


def test_values_are_those_of_the_evaluations(compared):
    runs, found = compared
    assert list(found) == ["accuracy", "top5", "superclass_accuracy", "balanced_accuracy", "macro_f1", "loss"]
    for name, difference in found.items():
        assert difference.baseline == pytest.approx(getattr(runs[0].metrics, name))
        assert difference.other == pytest.approx(getattr(runs[1].metrics, name))
        assert difference.low < difference.value < difference.high


def test_averages_are_those_of_scikit_learn(compared):
    runs, found = compared
    for name in ("balanced_accuracy", "macro_f1"):
        table = runs[1].predictions
        assert found[name].other == pytest.approx(score(name, table["true"], table["predicted"]))


def test_a_much_better_predictor_is_better_by_every_metric(compared):
    _, found = compared
    assert {name: each.direction for name, each in found.items()} == {**dict.fromkeys(found, 1), "loss": -1}


def test_the_same_predictor_is_the_same():
    runs = evaluations(2.0)
    found = compare_metrics(share_images([runs[0], runs[0]]), 0, 1)
    assert all(each.value == each.direction == 0 for each in found.values())


def test_no_metric_that_does_not_apply():
    assert "superclass_accuracy" not in compare_metrics(share_images(evaluations(2, 3, superclasses=())), 0, 1)
    assert "top5" not in compare_metrics(shared_of([0, 1, 2], [0, 1, 2], [0, 1, 1]), 0, 1)


def test_macro_f1_by_hand():
    found = compare_metrics(shared_of([0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 1]), 0, 1)["macro_f1"]
    assert (found.baseline, found.other) == pytest.approx(((2 / 3 + 0) / 2, (4 / 5 + 2 / 3) / 2))


def test_classes_by_hand():
    true = np.repeat([0, 1, 2], 20)
    worse = np.where(true == 0, 1, true)
    better = np.where((true == 2) & (np.arange(60) < 43), 0, true)
    won, same, noise = compare_classes(shared_of(true, worse, better), 0, 1)
    assert (won.name, won.images, won.baseline, won.other, won.gained, won.lost) == ("class_0", 20, 0, 1, 20, 0)
    assert won.f1_change == pytest.approx(40 / 43)
    assert (same.gained, same.lost, same.p) == (0, 0, 1)
    assert (noise.other, noise.lost) == (0.85, 3)
    assert [each.verdict for each in (won, same, noise)] == ["won", "same", "noise"]


def test_exchange_turns_won_into_lost():
    true = np.repeat([0, 1], 20)
    shared = shared_of(true, np.ones(40, int), true)
    assert [each.verdict for each in compare_classes(shared, 0, 1)] == ["won", "same"]
    assert [each.verdict for each in compare_classes(shared, 1, 0)] == ["lost", "same"]


def test_classes_without_images_are_left_out():
    assert [each.name for each in compare_classes(shared_of([1, 3], [1, 3], [1, 3]), 0, 1)] == ["class_1", "class_3"]


def test_many_classes_are_not_named_by_chance():
    classes = 200
    true = np.repeat(np.arange(classes), 50)
    generator = np.random.default_rng(0)
    noisy = [np.where(generator.random(len(true)) < 0.7, true, (true + 1) % classes) for _ in range(2)]
    changes = compare_classes(shared_of(true, *noisy, classes=classes), 0, 1)
    assert sum(each.verdict in ("won", "lost") for each in changes) <= 1


def test_true_changes_are_found_among_many_classes():
    classes = 100
    true = np.repeat(np.arange(classes), 50)
    generator = np.random.default_rng(0)
    shares = np.where(true < 10, 0.95, 0.6)
    before, after = (
        np.where(generator.random(len(true)) < share, true, (true + 1) % classes) for share in (0.6, shares)
    )
    verdicts = [each.verdict for each in compare_classes(shared_of(true, before, after, classes=classes), 0, 1)]
    assert verdicts[:10].count("won") >= 9
    assert len([verdict for verdict in verdicts[10:] if verdict != "noise"]) <= 2
