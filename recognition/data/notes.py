"""What a reader of the results should know of a user's own images, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import Split
from recognition.data.findings import Findings
from recognition.data.listing import count, some
from recognition.data.sides import shares_in_words

PAGE = "; the dashboard shows them with the data set"
FEW = 20  # images of a class below which one more hit moves its recall by five points and more


def side_notes(sides: NDArray[np.str_], given: Sequence[str] | None, groups: Sequence[str] | None) -> list[str]:
    """Where the sides come from, the shares that they have, and how groups fared.

    Args:
        sides: Names of sides, (n,).
        given: The sides that the source states, None where it states none.
        groups: The group of each image, "" for none; None where nothing groups them.
    """
    notes = [shares_in_words(sides, given, groups is not None)]
    if groups is not None:
        alone = list(groups).count("")
        notes += [f"divided one by one, as in no group: {count(alone, 'image')}"] if alone else []
        pairs = {(group, side) for group, side in zip(groups, sides.tolist(), strict=True) if group}
        torn = len(pairs) - len({group for group, _ in pairs})
        notes += [f"scores flatter: {count(torn, 'group')} on more than one of the given sides"] if torn else []
    return notes


def class_notes(classes: Sequence[str], splits: Mapping[str, Split]) -> list[str]:
    """Classes too small to judge, and what to do about it."""
    notes = []
    for side in (side for side in splits if side != "train"):
        counts = splits[side].counts(len(classes))
        few = np.flatnonzero(counts < FEW)
        if len(few):
            named = some(
                [f"{classes[index]}: {counts[index]}" for index in few[np.argsort(counts[few], kind="stable")]]
            )
            notes.append(
                f"{len(few):,} of {len(classes):,} classes have fewer than {FEW} {side} images ({named}): "
                f"too few to judge them one by one; add images or raise data.{side}"
            )
    return notes


def finding_notes(findings: Findings, left_out: int) -> list[str]:
    """What was left out, and what a person should look at.

    Args:
        findings: Findings about the data set.
        left_out: How many images were dropped as duplicates across sides.
    """
    counts = findings.counts
    unreadable = [f"{each.path} ({each.reason})" for each in findings.unreadable]
    notes = {
        f"left out, as unreadable: {count(len(unreadable), 'file')}: {some(unreadable)}": len(unreadable),
        f"under two labels: {count(counts['two labels'], 'picture')}{PAGE}": counts["two labels"],
        f"images that look alike: {count(counts['near duplicate'], 'pair')}, {counts['across sides']:,} of them across "
        f"sides{PAGE}": counts["near duplicate"],
        f"left out, as on another side too: {count(left_out, 'image')}": left_out,
    }
    return [text for text, number in notes.items() if number]
