"""Look a data set through: its numbers, and the images that a person should see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import ImageDataset, Split
from recognition.data.findings import Findings, Place
from recognition.data.look_alikes import look_through
from recognition.data.oddities import Oddities, oddities
from recognition.data.pixels import PixelNumbers, pixel_numbers
from recognition.data.summary import CONTRASTS, SHADES, DataSummary, SideSummary, SizeSummary

EXTREMES = 8  # images at each end of a scale
TOLD = 24  # odd images of a kind, and pairs of copies

Pair = tuple[Place, Place]


@dataclass(frozen=True)
class Inspection:
    """What there is to know of a data set without a model.

    Attributes:
        summary: The numbers.
        findings: Pairs of images that a person should look at, and unreadable files.
        copies: Some pairs of exact duplicates with one label, those across sides first; with two, they are findings.
        odd: Some odd images of each kind.
        extremes: The darkest, the brightest and those of least contrast.
    """

    summary: DataSummary
    findings: Findings
    copies: tuple[Pair, ...]
    odd: Mapping[str, tuple[Place, ...]]
    extremes: Mapping[str, tuple[Place, ...]]


def inspect_dataset(dataset: ImageDataset) -> Inspection:
    """Read every side once, in blocks (of much data a sample: see `pixel_numbers`), and gather what was found.

    Pairs that look alike were looked for when files were read; among published arrays they are looked for here.
    """
    findings = dataset.findings if dataset.transform else look_through(dataset.splits)
    pixels = {side: pixel_numbers(split.images) for side, split in dataset.splits.items()}
    odd = {side: oddities(split, pixels[side]) for side, split in dataset.splits.items()}
    sides = {
        side: _side(split, pixels[side], odd[side], len(dataset.classes)) for side, split in dataset.splits.items()
    }
    summary = DataSummary(
        name=dataset.name,
        digest=dataset.digest,
        image_shape=dataset.image_shape,
        classes=dataset.classes,
        sides=sides,
        duplicates={**dataset.duplicates.within, **dataset.duplicates.across},
        near_duplicates=dict(findings.near),
        two_labels=findings.counts.get("two labels", 0),
        unreadable=len(findings.unreadable),
    )
    return Inspection(summary, findings, _copies(dataset.splits), _odd_places(odd), _extremes(pixels))


def details_digest(dataset: ImageDataset) -> str:
    """SHA-256, in hexadecimal, over what a report shows of a data set and its digest does not cover.

    These are names and sizes of files, those that could not be read, and the notes.
    """
    hasher = hashlib.sha256(json.dumps([dataset.name, dataset.notes, dataset.findings.to_json()]).encode())
    for split in dataset.splits.values():
        hasher.update("\n".join(split.paths).encode())
        hasher.update(b"" if split.sizes is None else split.sizes.tobytes())
    return hasher.hexdigest()


def _side(split: Split, pixels: PixelNumbers, odd: Oddities, classes: int) -> SideSummary:
    return SideSummary(
        images=len(split),
        counts=tuple(split.counts(classes).tolist()),
        sampled=len(pixels.chosen),
        means=_rounded(pixels.means.mean(axis=0)),
        deviations=_rounded(pixels.deviations),
        spreads=_rounded(pixels.means.std(axis=0)),
        brightness=_histogram(pixels.brightness, SHADES, 1.0),
        contrast=_histogram(pixels.contrast, CONTRASTS, 0.5),
        odd={kind: len(numbers) for kind, numbers in odd.items()},
        sizes=_sizes(split),
    )


def _sizes(split: Split) -> SizeSummary | None:
    if split.sizes is None:
        return None
    heights, widths = np.quantile(split.sizes, (0, 0.5, 1), axis=0, method="nearest").T.tolist()
    enlarged = (split.sizes < split.images.shape[1:3]).any(axis=1).sum()
    return SizeSummary(heights=heights, widths=widths, enlarged=int(enlarged))


def _copies(splits: Mapping[str, Split]) -> tuple[Pair, ...]:
    """Images of the same content and label, each with the next one: those across sides first."""
    places = [Place(side, number) for side, split in splits.items() for number in range(len(split))]
    content = np.concatenate([split.hashes for split in splits.values()])
    labels = np.concatenate([split.labels for split in splits.values()])
    order = np.lexsort((labels, content))
    same = (content[order][1:] == content[order][:-1]) & (labels[order][1:] == labels[order][:-1])
    equal = np.flatnonzero(same)
    pairs = [(places[order[index]], places[order[index + 1]]) for index in equal.tolist()]
    return tuple(sorted(pairs, key=lambda pair: pair[0].side == pair[1].side)[:TOLD])


def _odd_places(odd: Mapping[str, Oddities]) -> dict[str, tuple[Place, ...]]:
    places: dict[str, list[Place]] = {}
    for side, found in odd.items():
        for kind, numbers in found.items():
            places.setdefault(kind, []).extend(Place(side, number) for number in numbers[:TOLD].tolist())
    return {kind: tuple(those[:TOLD]) for kind, those in places.items()}


def _extremes(pixels: Mapping[str, PixelNumbers]) -> dict[str, tuple[Place, ...]]:
    places = [Place(side, number) for side, numbers in pixels.items() for number in numbers.chosen.tolist()]
    brightness = np.concatenate([numbers.brightness for numbers in pixels.values()])
    contrast = np.concatenate([numbers.contrast for numbers in pixels.values()])
    scales = {"darkest": brightness, "brightest": -brightness, "least contrast": contrast}
    orders = {name: np.argsort(scale, kind="stable")[:EXTREMES] for name, scale in scales.items()}
    return {name: tuple(places[index] for index in order.tolist()) for name, order in orders.items()}


def _histogram(values: NDArray[np.float64], bins: int, highest: float) -> tuple[int, ...]:
    return tuple(np.histogram(values, bins, (0, highest))[0].tolist())


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Six decimals: what is beyond them changes with the order of additions."""
    return tuple(values.round(6).tolist())
