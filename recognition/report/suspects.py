"""The page of label suspects: images whose label the model contradicts most, for a person to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recognition.data.dataset import ImageDataset, Split
from recognition.evaluation.evaluation import Evaluation
from recognition.report.template import render
from recognition.report.thumbnails import thumbnail

LIMIT = 100  # images a side that are shown


@dataclass(frozen=True)
class Suspect:
    """An image whose label is doubted.

    Attributes:
        index: Position in its split.
        path: Where the image came from; empty where it is no file.
        picture: Data URI.
        given: Class index of its label.
        predicted: Class index that the model says instead.
        quality: Probability that the model gives to the label.
        probability: Probability that the model gives to what it says.
    """

    index: int
    path: str
    picture: str
    given: int
    predicted: int
    quality: float
    probability: float


@dataclass(frozen=True)
class Side:
    """A split's suspects, most doubtful first, and how many there are among how many images."""

    name: str
    images: int
    accuracy: float
    found: int
    shown: tuple[Suspect, ...]


def build_suspects_page(evaluations: Mapping[str, Evaluation], dataset: ImageDataset, limit: int = LIMIT) -> str:
    """Build the page as one self-contained HTML file; the same input gives the same text.

    Args:
        evaluations: One or more by side, such as "validation" and "test"; of images that the model has not learned.
        dataset: Their images.
        limit: At most this many images of each side.
    """
    sides = [_side(name, evaluation, dataset.splits[name], limit) for name, evaluation in evaluations.items()]
    shown = {number for side in sides for each in side.shown for number in (each.given, each.predicted)}
    return render(
        "suspects.html.jinja",
        ("style.css", "suspects.css"),
        ("suspects.js",),
        data=dataset.name,
        names=dataset.classes,
        sides=sides,
        classes=_by_name(dataset.classes, sorted(shown)),
    )


def _side(name: str, evaluation: Evaluation, split: Split, limit: int) -> Side:
    table = evaluation.predictions
    doubtful = table[table["suspect"]].sort_values("label_quality", kind="stable")
    columns = ("index", "path", "true", "predicted", "label_quality", "probability_1")
    rows = zip(*(doubtful[column].head(limit).tolist() for column in columns), strict=True)
    shown = tuple(Suspect(index, path, thumbnail(split.images[index]), *rest) for index, path, *rest in rows)
    return Side(name, len(table), evaluation.metrics.accuracy, len(doubtful), shown)


def _by_name(names: Sequence[str], indices: list[int]) -> list[tuple[int, str]]:
    return sorted(((index, names[index]) for index in indices), key=lambda pair: pair[1])
