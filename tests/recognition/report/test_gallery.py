import numpy as np
import pytest

from recognition.evaluation.evaluate import evaluate
from recognition.report.gallery import FIRST, fill_gallery
from recognition.report.thumbnails import thumbnail
from tests.recognition.evaluation.samples import names_of, split_of
from tests.recognition.report.samples import judged

ROWS = {  # by true class: probabilities
    0: [(0.9, 0.1), (0.4, 0.6), (0.55, 0.45)],
    1: [(0.7, 0.3), (0.2, 0.8)],
}


@pytest.fixture(scope="module")
def small():
    """Five images of two classes: errors at 1 (60 %) and 3 (70 %)."""
    labels = [label for label, rows in ROWS.items() for _ in rows]
    split = split_of(labels)
    return evaluate(np.array([row for rows in ROWS.values() for row in rows], np.float32), split, names_of(2)), split


@pytest.fixture(scope="module")
def large():
    return judged(classes=20, images=4_000)


def parts(evaluation, split, **options):
    return {part.key: part for part in fill_gallery(evaluation, split, **options)}


def probability(card):
    return card.guesses[0].probability


def test_errors_are_the_most_confident_first(small):
    part = parts(*small)["errors"]
    assert [card.index for card in part.cards] == [3, 1]
    assert part.of == 2


def test_hits_are_the_least_confident_first(small):
    assert [card.index for card in parts(*small)["hits"].cards] == [2, 4, 0]


def test_random_ones_are_any(small):
    assert sorted(card.index for card in parts(*small)["random"].cards) == [0, 1, 2, 3, 4]


def test_a_card_tells_what_the_model_said(small):
    _, split = small
    card = parts(*small)["errors"].cards[0]
    assert (card.true, card.predicted, card.path) == (1, 0, "")
    assert [guess.label for guess in card.guesses] == [0, 1]
    assert [guess.probability for guess in card.guesses] == pytest.approx([0.7, 0.3])
    assert card.picture == thumbnail(split.images[3])


def test_the_first_cards_are_the_extreme_ones_of_all(large):
    evaluation, _ = large
    table = evaluation.predictions
    wrong = table[table["true"] != table["predicted"]].sort_values("probability_1", ascending=False)
    found = parts(*large)["errors"].cards
    assert [probability(card) for card in found[:FIRST]] == wrong["probability_1"].head(FIRST).tolist()
    assert [probability(card) for card in found] == sorted(map(probability, found), reverse=True)


def test_every_class_has_cards_in_every_part(large):
    for part in parts(*large).values():
        assert {card.true for card in part.cards} == set(range(20))
        assert {card.predicted for card in part.cards} == set(range(20))


def test_a_smaller_budget_holds_fewer_cards_of_as_many_classes(large):
    whole, half = (parts(*large, budget=budget) for budget in (1_200_000, 250_000))
    for key, part in half.items():
        assert {card.index for card in part.cards} < {card.index for card in whole[key].cards}
        assert {card.true for card in part.cards} == set(range(20))


def test_the_budget_holds(large):
    cards = [card for part in parts(*large, budget=100_000).values() for card in part.cards]
    assert 50_000 < sum(len(card.picture) + 750 for card in cards) < 100_000


def test_random_ones_are_the_same_each_time_and_no_ranking(large):
    first, second = (parts(*large)["random"].cards for _ in range(2))
    assert first == second
    shown = [card.index for card in first[:FIRST]]
    assert shown != sorted(shown)
    assert len({card.true for card in first[:FIRST]}) > 10


@pytest.mark.parametrize(("perfect", "key", "other"), [(True, "errors", "hits"), (False, "hits", "errors")])
def test_a_part_may_be_empty(perfect, key, other):
    split = split_of([0, 1, 0, 1])
    right = np.eye(2, dtype=np.float32)[split.labels]
    found = parts(evaluate(right if perfect else 1 - right, split, names_of(2)), split)
    assert (found[key].cards, found[key].of) == ((), 0)
    assert (len(found[other].cards), found[other].of) == (4, 4)
