"""The gallery: which test images the page shows, and what the model says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from recognition.data.dataset import Split
from recognition.evaluation.evaluation import Evaluation
from recognition.evaluation.predictions import TOP
from recognition.report.thumbnails import thumbnail

BUDGET = 1_200_000  # bytes of all cards, so that the page of a hundred classes stays below 3 MB
FIRST = 48  # cards of each part whatever their class
CARD = 750  # bytes of a card besides its picture, its path and its classes' names
BATCH = 64  # images decoded at a time
SEED = 0


class Guess(NamedTuple):
    """One of the most probable classes of an image, and its probability."""

    label: int
    probability: float


@dataclass(frozen=True)
class Card:
    """A test image and what the model says of it.

    Attributes:
        index: Position in the split.
        picture: The image as a data URI.
        path: Its source; empty where it is no file.
        true: Class index.
        predicted: Class index.
        guesses: The most probable classes, at most five.
    """

    index: int
    picture: str
    path: str
    true: int
    predicted: int
    guesses: tuple[Guess, ...]


@dataclass(frozen=True)
class Part:
    """One kind of images: `of` tells how many there are, of which the page holds the `cards`, in order."""

    key: str
    title: str
    text: str
    of: int
    cards: tuple[Card, ...]


class _Kind(NamedTuple):
    key: str
    title: str
    text: str
    share: float  # of the budget
    each: int  # cards of each class


KINDS = (
    _Kind("errors", "Most confident errors", "Wrong, and sure of it.", 0.5, 6),
    _Kind("hits", "Least confident hits", "Right, but only just.", 0.25, 3),
    _Kind("random", "Random predictions", "What to expect of the model on any day.", 0.25, 3),
)


def fill_gallery(evaluation: Evaluation, test: Split, budget: int = BUDGET) -> tuple[Part, ...]:
    """Choose images for each part of the gallery: the first ones of all, then some of each class while there is room.

    The random ones are drawn from a fixed seed, so that the same predictions give the same page.

    Args:
        evaluation: Predictions on `test`.
        test: The images.
        budget: Bytes that all cards may take, about.
    """
    table = evaluation.predictions
    ranked = _ranked(table)
    return tuple(
        Part(kind.key, kind.title, kind.text, len(rows), _cards(evaluation, test, rows, kind, int(budget * kind.share)))
        for kind, rows in zip(KINDS, ranked, strict=True)
    )


def _ranked(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The rows of each kind, the most telling first; ties by position."""
    right = (table["true"] == table["predicted"]).to_numpy()
    order = np.random.default_rng(SEED).permutation(len(table))
    return (
        table[~right].sort_values("probability_1", ascending=False, kind="stable"),
        table[right].sort_values("probability_1", kind="stable"),
        table.iloc[order],
    )


def _cards(evaluation: Evaluation, test: Split, rows: pd.DataFrame, kind: _Kind, budget: int) -> tuple[Card, ...]:
    """Cards within the budget, in the order of `rows`."""
    names = [len(name.encode()) for name in evaluation.class_names]
    chosen: dict[int, Card] = {}
    for place, card in _drawn(rows, test, _turns(rows, kind.each)):
        budget -= CARD + len(card.picture) + len(card.path.encode())
        budget -= 2 * sum(names[label] for label in (card.true, card.predicted, *(g.label for g in card.guesses)))
        if budget < 0:
            break
        chosen[place] = card
    return tuple(chosen[place] for place in sorted(chosen))


def _turns(rows: pd.DataFrame, each: int) -> list[int]:
    """Places in `rows`: the first ones, then the best of each class, the second of each class, and so on."""
    seen = [rows.groupby(role).cumcount().to_numpy() for role in ("true", "predicted")]
    places = np.arange(len(rows))
    depth = np.where(places < FIRST, -1, np.minimum(*seen))
    order = np.lexsort((places, depth))
    turns: list[int] = order[depth[order] < each].tolist()
    return turns


def _drawn(rows: pd.DataFrame, test: Split, places: list[int]) -> Iterator[tuple[int, Card]]:
    for start in range(0, len(places), BATCH):
        some = places[start : start + BATCH]
        part = rows.iloc[some]
        images = test.images[part["index"].to_numpy()]
        for place, row, image in zip(some, part.to_dict("records"), images, strict=True):
            guesses = (Guess(row[f"label_{i + 1}"], row[f"probability_{i + 1}"]) for i in range(TOP))
            known = tuple(guess for guess in guesses if guess.label >= 0)
            yield place, Card(row["index"], thumbnail(image), row["path"], row["true"], row["predicted"], known)
