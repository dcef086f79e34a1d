import numpy as np

from recognition.evaluation.arrangement import Group, arrange, axis_labels
from tests.recognition.evaluation.samples import evaluation_of

TRUE, PREDICTED = [0, 1, 2, 3, 3], [0, 3, 2, 3, 1]


def test_classes_of_a_superclass_stand_side_by_side():
    arrangement = arrange(evaluation_of(TRUE, PREDICTED, 4, ("a", "b", "none", "c"), (3, 0, 1, 0)))
    assert arrangement.order.tolist() == [1, 3, 2, 0]
    assert arrangement.groups == (Group("a", 0, 2), Group("b", 2, 1), Group("c", 3, 1))
    assert arrangement.counts.tolist() == [[0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert arrangement.shares[1].tolist() == [0.5, 0.5, 0, 0]


def test_without_superclasses_classes_that_are_confused_stand_side_by_side():
    arrangement = arrange(evaluation_of(TRUE, PREDICTED))
    order = arrangement.order.tolist()
    assert sorted(order) == [0, 1, 2, 3]
    assert abs(order.index(1) - order.index(3)) == 1
    assert arrangement.groups == ()
    assert arrangement.counts[order.index(1), order.index(3)] == 1


def test_rows_without_images_have_no_shares():
    arrangement = arrange(evaluation_of([0, 0], [1, 1], 3))
    first = arrangement.order.tolist().index(0)
    assert arrangement.shares.sum(axis=1).tolist() == [float(row == first) for row in range(3)]


def test_labels_are_classes_then_superclasses_then_thinned():
    true = np.arange(12)
    arrangement = arrange(evaluation_of(true, true, 12, ("a", "b", "c", "d"), true // 3))
    names = tuple("ABCDEFGHIJKL")
    assert [label.name for label in axis_labels(arrangement, names, 12)] == list(names)
    assert [label.name for label in axis_labels(arrangement, names, 11)] == ["a", "b", "c", "d"]
    assert [label.name for label in axis_labels(arrangement, names, 2)] == ["a", "c"]
    assert axis_labels(arrangement, names, 4)[1].middle == 4.5


def test_labels_without_superclasses_are_thinned():
    arrangement = arrange(evaluation_of(np.arange(10), np.arange(10)))
    assert [label.name for label in axis_labels(arrangement, tuple("ABCDEFGHIJ"), 4)] == ["A", "D", "G", "J"]
