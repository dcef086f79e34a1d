from recognition.report.classes import ENDS, list_classes
from tests.recognition.evaluation.samples import evaluation_of


def test_weakest_and_strongest_are_sorted_and_apart():
    true = [label for label in range(4) for _ in range(4)]
    predicted = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3, 3]
    classes = list_classes(evaluation_of(true, predicted))
    assert [each.index for each in classes.weakest] == [2, 1]
    assert [each.index for each in classes.strongest] == [0, 3]
    assert (classes.mistaken[2].mistaken_for, classes.mistaken[2].mistakes) == (3, 3)


def test_classes_without_images_are_at_neither_end():
    classes = list_classes(evaluation_of([0, 1, 2], [0, 1, 3], 5))
    assert [each.index for each in classes.weakest + classes.strongest] == [2, 0]
    assert classes.mistaken[3] is None
    assert classes.mistaken[0].mistakes == 0


def test_one_class_with_images_is_the_weakest():
    classes = list_classes(evaluation_of([0, 0], [0, 1], 2))
    assert [each.index for each in classes.weakest] == [0]
    assert classes.strongest == ()


def test_many_classes_are_cut_to_the_ends():
    classes = list_classes(evaluation_of(range(50), range(50)))
    assert [each.index for each in classes.weakest] == list(range(ENDS))
    assert [each.index for each in classes.strongest] == list(range(ENDS, 2 * ENDS))
