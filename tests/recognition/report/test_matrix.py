import re

import numpy as np
import pytest

from recognition.report.matrix import WRITTEN, draw_matrices
from tests.recognition.evaluation.samples import evaluation_of

TRUE = [0] * 10 + [1] * 10 + [2] * 10
PREDICTED = [0] * 9 + [2] + [1] * 5 + [0] * 5 + [2] * 10


def drawn(view):
    """Kind and opacity of each cell, by row and column."""
    found = {}
    for layer in view.layers:
        for column, row in re.findall(r"M(\d+) (\d+)h1v1h-1z", layer.path):
            assert (int(row), int(column)) not in found, "a cell is drawn twice"
            found[int(row), int(column)] = (layer.kind, layer.opacity)
    return found


def counts_of(matrix):
    counts = np.zeros((matrix.size, matrix.size), int)
    for row, column, count in np.reshape(matrix.data["cells"], (-1, 3)):
        counts[row, column] = count
    return counts


def views_of(matrix):
    return {view.name: view for view in matrix.views}


@pytest.fixture
def framed():
    """Three classes in two superclasses, in the order 1, 0, 2."""
    return draw_matrices(evaluation_of(TRUE, PREDICTED, 3, ("a", "b"), (1, 0, 1)))


@pytest.fixture
def views(framed):
    return views_of(framed[0])


@pytest.mark.parametrize("name", ["shares", "counts"])
def test_every_filled_cell_is_drawn(views, name):
    assert set(drawn(views[name])) == {(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)}


def test_right_answers_and_mistakes_differ_and_larger_shares_are_stronger(views):
    cells = drawn(views["shares"])
    assert {cell for cell, (kind, _) in cells.items() if kind == "right"} == {(0, 0), (1, 1), (2, 2)}
    assert cells[2, 2][1] > cells[1, 1][1] > cells[0, 0][1]
    assert cells[0, 1][1] > cells[1, 2][1]


def test_counts_are_coloured_by_number_and_not_by_share():
    true, predicted = [0] * 100 + [1] * 10, [0] * 80 + [1] * 20 + [1] * 5 + [0] * 5
    matrix = draw_matrices(evaluation_of(true, predicted, 2, ("a",), (0, 0)))[0]
    shares, counts = (drawn(views_of(matrix)[name]) for name in ("shares", "counts"))
    assert shares[0, 1][1] < shares[1, 0][1]
    assert counts[0, 1][1] > counts[1, 0][1]


def test_errors_alone_are_scaled_to_the_largest(views):
    cells = drawn(views["errors"])
    assert set(cells) == {(0, 1), (1, 2)}
    assert cells[0, 1] == ("wrong", 1.0)
    assert cells[1, 2][1] < 0.5


def test_legends_tell_up_to_which_value_a_colour_is(views):
    assert [layer.most for layer in views["shares"].legend][-1] == "100"
    assert [layer.most for layer in views["counts"].legend] == ["1", "10"]
    assert [layer.most for layer in views["errors"].legend] == ["10", "50"]


def test_without_mistakes_there_is_no_legend_of_them():
    views = views_of(draw_matrices(evaluation_of(range(4), range(4)))[0])
    assert all(view.legend == () for view in views.values())
    assert views["errors"].layers == ()


def test_small_matrices_hold_their_numbers(views):
    assert (1, 0, "50") in views["shares"].texts
    assert (1, 0, "5") in views["counts"].texts
    assert {(column, row) for column, row, _ in views["errors"].texts} == {(1, 0), (2, 1)}
    many = range(WRITTEN + 1)
    assert all(view.texts == () for view in draw_matrices(evaluation_of(many, many))[0].views)


def test_data_follow_the_arranged_order(framed):
    data = framed[0].data
    assert data["names"] == ["class_1", "class_0", "class_2"]
    assert data["groups"] == ["a", "b", "b"]
    assert counts_of(framed[0]).tolist() == [[5, 5, 0], [0, 9, 1], [0, 0, 10]]


def test_superclasses_have_a_matrix_of_their_own(framed):
    _, coarse = framed
    assert coarse.data["names"] == ["a", "b"]
    assert counts_of(coarse).tolist() == [[5, 5], [0, 20]]
    assert coarse.right == 25 / 30
    assert drawn(views_of(coarse)["shares"])[1, 1] == ("right", 1.0)


@pytest.mark.parametrize(("names", "owners"), [((), ()), (("all",), (0, 0, 0))])
def test_without_several_superclasses_there_is_one_matrix(names, owners):
    assert len(draw_matrices(evaluation_of(TRUE, PREDICTED, 3, names, owners))) == 1


def test_shares_on_the_diagonal(framed):
    assert framed[0].right == 24 / 30
