"""The data report: one HTML file about the images, before any model has seen them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from recognition.data.change import Baseline, DataChange
from recognition.data.dataset import ImageDataset
from recognition.data.findings import Place
from recognition.data.inspection import Inspection, Pair
from recognition.data.quality_issues import quality_issues
from recognition.data.summary import DataSummary
from recognition.report.histogram import outlines
from recognition.report.sprites import sprite
from recognition.report.template import render

PICTURES = (2, 8)  # of a class, at least and at most
SHOWN = 1_600  # pictures of all classes together, about: the page stays small whatever their number
FEW_CLASSES = 150  # up to which their pictures are of 48 pixels, else of 32
PAIR_SIDE = 96  # pixels of a picture of a pair, at most
TOLD = 48  # pairs of a kind, at most
FILES = 500  # unreadable ones, at most


def build_data_page(dataset: ImageDataset, inspection: Inspection, change: DataChange, baseline: Baseline) -> str:
    """Build the report of a data set as one self-contained HTML page; the same input gives the same text.

    Args:
        dataset: The images.
        inspection: What was found in them.
        change: How they compare with the champion's.
        baseline: The champion's data.
    """
    summary, before = inspection.summary, baseline.summary
    return render(
        "data.html.jinja",
        ("style.css", "data.css"),
        ("table.js", "data.js"),
        dataset=dataset,
        summary=summary,
        change=change,
        before=before if change.verdict not in ("unknown", "same") else None,
        measures=_measures(change),
        quality_issues=quality_issues(summary),
        rows=_class_rows(summary, before),
        strips=_class_pictures(dataset),
        histograms=_histograms(summary, before),
        inspection=inspection,
        pairs=_pairs(inspection),
        unreadable=inspection.findings.unreadable[:FILES],
        picture=_pictures(dataset),
        name=lambda place: dataset.classes[dataset.splits[place.side].labels[place.number]],
        path=lambda place: _path(dataset, place),
    )


def _measures(change: DataChange) -> dict[str, dict[str, Any]]:
    """The measures by name, then by side; that of all images is told with the numbers of images."""
    table: dict[str, dict[str, Any]] = {}
    for measure in change.measures:
        if measure.kind != "decrease":
            table.setdefault(measure.name, {})[measure.side] = measure
    return table


def _class_rows(summary: DataSummary, before: DataSummary | None) -> list[dict[str, Any]]:
    """For each class its name, its images by side, and how many training images more it has than the champion's."""
    counts = {side: summary.counts(side) for side in summary.sides}
    earlier = before.counts("train") if before else {}
    return [
        {
            "name": name,
            "counts": {side: numbers[name] for side, numbers in counts.items()},
            "more": counts["train"][name] - earlier[name] if name in earlier else None,
        }
        for name in summary.classes
    ]


def _class_pictures(dataset: ImageDataset) -> list[str]:
    """For each class a strip of training images, evenly spaced; empty where it has none."""
    train, classes = dataset.splits["train"], len(dataset.classes)
    number = int(np.clip(SHOWN // classes, *PICTURES))
    side = 48 if classes <= FEW_CLASSES else 32
    order = np.argsort(train.labels, kind="stable")
    ends = np.cumsum(train.counts(classes))
    strips = []
    for end, count in zip(ends.tolist(), train.counts(classes).tolist(), strict=True):
        places = np.unique(np.linspace(end - count, end - 1, min(number, count)).astype(np.int64))
        strips.append(sprite(train.images[order[places]], side) if count else "")
    return strips


def _histograms(summary: DataSummary, before: DataSummary | None) -> dict[str, Any]:
    """Outlines of brightness and contrast: train, test, and the champion's train."""
    found = {}
    for kind in ("brightness", "contrast"):
        drawn = {side: getattr(summary.sides[side], kind) for side in ("train", "test")}
        if before:
            drawn["champion"] = getattr(before.sides["train"], kind)
        found[kind] = outlines(drawn)
    return found


def _pairs(inspection: Inspection) -> dict[str, list[Pair]]:
    """Pairs to show, by kind."""
    found = {"copies": list(inspection.copies)}
    for kind in ("two labels", "near duplicate"):
        found[kind] = [(pair.first, pair.second) for pair in inspection.findings.pairs if pair.kind == kind][:TOLD]
    return found


def _pictures(dataset: ImageDataset) -> Callable[..., str]:
    """A function: places of images -> one picture of them; an image is decoded once."""

    @cache
    def image(place: Place) -> Any:
        return dataset.splits[place.side].images[place.number]

    return lambda *places: sprite([image(place) for place in places], PAIR_SIDE)


def _path(dataset: ImageDataset, place: Place) -> str:
    paths = dataset.splits[place.side].paths
    return paths[place.number] if paths else ""
