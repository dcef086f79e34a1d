import numpy as np

from recognition.evaluation import confusions
from recognition.evaluation.confusions import confused_pairs, worst_classes
from recognition.evaluation.evaluate import evaluate
from tests.recognition.evaluation.samples import certain, evaluation_of, names_of, split_of

TRUE = [0] * 4 + [1] * 4 + [2] * 4
PREDICTED = [0, 0, 0, 1, 0, 0, 1, 2, 2, 2, 2, 2]


def test_pairs_count_both_directions():
    pairs = confused_pairs(evaluation_of(TRUE, PREDICTED, 3, ("a", "b"), (0, 0, 1)))
    first, second = pairs
    assert (first.forth.true, first.forth.predicted, first.forth.count) == (1, 0, 2)
    assert (first.back.true, first.back.predicted, first.back.count) == (0, 1, 1)
    assert (first.count, first.share, first.same_superclass) == (3, 3 / 8, True)
    assert (second.count, second.share, second.same_superclass) == (1, 1 / 8, False)


def test_examples_are_the_mistakes_or_else_the_class():
    _, pair = confused_pairs(evaluation_of(TRUE, PREDICTED))
    assert pair.forth.examples == (7,)
    assert (pair.back.count, pair.back.examples) == (0, (8, 9, 10, 11))
    assert pair.same_superclass is None


def test_most_certain_mistakes_come_first(monkeypatch):
    monkeypatch.setattr(confusions, "EXAMPLES", 2)
    probabilities = certain([1, 1, 1], 2)
    probabilities[1] = [0.02, 0.98]
    evaluation = evaluate(probabilities, split_of([0, 0, 0]), names_of(2))
    (pair,) = confused_pairs(evaluation)
    assert pair.forth.examples == (1, 0)


def test_pairs_are_limited_and_ties_ordered_by_index(monkeypatch):
    monkeypatch.setattr(confusions, "PAIRS", 3)
    true, predicted = np.arange(6), [1, 2, 3, 4, 5, 0]
    pairs = confused_pairs(evaluation_of(true, predicted))
    assert [(pair.forth.true, pair.forth.predicted) for pair in pairs] == [(0, 1), (5, 0), (1, 2)]


def test_a_perfect_model_confuses_nothing():
    evaluation = evaluation_of([0, 1, 2], [0, 1, 2])
    assert confused_pairs(evaluation) == ()
    assert [(each.mistaken_for, each.mistakes) for each in worst_classes(evaluation)] == [(None, 0)] * 3


def test_worst_classes_are_ordered_by_recall():
    worst = worst_classes(evaluation_of(TRUE, PREDICTED))[:2]
    assert [(each.index, each.metrics.recall) for each in worst] == [(1, 0.25), (0, 0.75)]
    assert [(each.mistaken_for, each.mistakes) for each in worst] == [(0, 2), (1, 1)]


def test_classes_without_images_are_not_weak():
    worst = worst_classes(evaluation_of([0, 0], [0, 1], classes=4))
    assert [each.index for each in worst] == [0]
