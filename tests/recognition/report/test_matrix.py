import re

from recognition.report.matrix import draw_matrix
from tests.recognition.evaluation.samples import evaluation_of

TRUE = [0] * 10 + [1] * 10 + [2] * 10
PREDICTED = [0] * 9 + [2] + [1] * 5 + [0] * 5 + [2] * 10


def cells(layer):
    return {(int(row), int(column)) for column, row in re.findall(r"M(\d+) (\d+)h1v1h-1z", layer.path)}


def test_every_filled_cell_is_drawn_once():
    matrix = draw_matrix(evaluation_of(TRUE, PREDICTED))
    drawn = [cell for layer in matrix.layers for cell in cells(layer)]
    assert sorted(drawn) == [(0, 0), (0, 2), (1, 0), (1, 1), (2, 2)]


def test_right_answers_and_mistakes_differ_and_larger_shares_are_stronger():
    matrix = draw_matrix(evaluation_of(TRUE, PREDICTED))
    found = {cell: (layer.kind, layer.opacity) for layer in matrix.layers for cell in cells(layer)}
    assert {cell for cell, (kind, _) in found.items() if kind == "right"} == {(0, 0), (1, 1), (2, 2)}
    assert found[2, 2][1] > found[0, 0][1] > found[1, 1][1]
    assert found[1, 0][1] > found[0, 2][1]


def test_small_matrices_hold_their_counts():
    assert (0, 1, 5) in draw_matrix(evaluation_of(TRUE, PREDICTED)).texts
    assert draw_matrix(evaluation_of(range(21), range(21))).texts == ()


def test_data_follow_the_arranged_order():
    matrix = draw_matrix(evaluation_of(TRUE, PREDICTED, 3, ("a", "b"), (1, 0, 1)))
    assert matrix.data["names"] == ["class_1", "class_0", "class_2"]
    assert matrix.data["groups"] == ["a", "b", "b"]
    assert [0, 1, 5, 0.5] in matrix.data["cells"]
