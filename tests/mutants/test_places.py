import ast
from pathlib import Path

import pytest

from tests.mutants.places import MUTANTS, find, product

PROJECT = Path(__file__).resolve().parent.parent.parent

mutants = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


@mutants
def test_an_error_has_one_place_and_is_python(mutant):
    _, text = find(mutant, PROJECT)
    broken = ast.parse(text.replace(mutant.old, mutant.new))
    assert ast.dump(broken) != ast.dump(ast.parse(text))


def test_there_are_sixty_and_more_of_different_names():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 60


def test_every_room_has_one():
    rooms = {path.parent for path in product(PROJECT) if path.name != "__init__.py"}
    assert {(PROJECT / find(mutant, PROJECT)[0]).parent for mutant in MUTANTS} == rooms
