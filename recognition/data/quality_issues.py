"""What a person should know of a data set before a model is trained on it, in sentences."""

from __future__ import annotations

from typing import NamedTuple

from recognition.data.listing import count, some
from recognition.data.notes import FEW
from recognition.data.summary import DataSummary

UNEQUAL = 10  # times as many training images in the largest class as in the smallest
ODD = {  # see `recognition.data.oddities`
    "nearly one colour": "of nearly one colour",
    "grey": "grey, where most are coloured",
    "elongated": "three times as long as wide, or more",
    "tiny": "enlarged more than twice",
}
ENLARGED = 0.1  # share of files that are smaller than what the network sees


class QualityIssue(NamedTuple):
    """A sentence, and which part of a report shows more: "classes", "pixels", "pairs" or "files"."""

    text: str
    part: str


def quality_issues(summary: DataSummary) -> tuple[QualityIssue, ...]:
    """What stands out, the gravest first; nothing for data without a flaw that shows."""
    return (*_across(summary), *_files(summary), *_classes(summary), *_odd(summary))


def _across(summary: DataSummary) -> list[QualityIssue]:
    copies = {sides: number for sides, number in summary.duplicates.items() if "/" in sides and number}
    near = sum(number for sides, number in summary.near_duplicates.items() if "/" in sides)
    found = [QualityIssue(f"{_stand(number, sides)}: scores flatter", "pairs") for sides, number in copies.items()]
    if near:
        lie = "lies" if near == 1 else "lie"
        found.append(QualityIssue(f"{count(near, 'pair')} of images that look alike {lie} across sides", "pairs"))
    if summary.two_labels:
        have = "has" if summary.two_labels == 1 else "have"
        found.append(QualityIssue(f"{count(summary.two_labels, 'pair')} of equal pictures {have} two labels", "pairs"))
    return found


def _stand(number: int, sides: str) -> str:
    first, second = sides.split("/")
    return f"{count(number, f'{second} image')} {'stands' if number == 1 else 'stand'} in {first} too"


def _files(summary: DataSummary) -> list[QualityIssue]:
    if not summary.unreadable:
        return []
    return [QualityIssue(f"{count(summary.unreadable, 'file')} could not be read", "files")]


def _classes(summary: DataSummary) -> list[QualityIssue]:
    found = []
    counts = summary.counts("train")
    most, fewest = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[most] >= UNEQUAL * counts[fewest]:
        times = f"{counts[most] / max(1, counts[fewest]):,.0f} times as many training images as {some([fewest])}"
        found.append(QualityIssue(f"{some([most])} has {times}", "classes"))
    for side in (side for side in summary.sides if side != "train"):
        few = [name for name, number in summary.counts(side).items() if number < FEW]
        if few:
            words = f"{len(few):,} of {len(summary.classes):,} classes have fewer than {FEW} {side} images: {some(few)}"
            found.append(QualityIssue(words, "classes"))
    return found


def _odd(summary: DataSummary) -> list[QualityIssue]:
    kinds = dict.fromkeys(kind for side in summary.sides.values() for kind in side.odd)
    numbers = {kind: sum(side.odd.get(kind, 0) for side in summary.sides.values()) for kind in kinds}
    found = [
        QualityIssue(f"{count(number, 'image')} {'is' if number == 1 else 'are'} {ODD[kind]}", "pixels")
        for kind, number in numbers.items()
    ]
    enlarged = sum(side.sizes.enlarged for side in summary.sides.values() if side.sizes)
    if enlarged > ENLARGED * summary.images:
        words = f"{enlarged / summary.images:.0%} of the files are smaller than what the network sees"
        found.append(QualityIssue(words, "files"))
    return found
