"""What is odd about images: files that cannot be read, and images that look like others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Kind = Literal["two labels", "near duplicate"]


class Unreadable(NamedTuple):
    """A file that holds no usable image, and why."""

    path: str
    reason: str


class Place(NamedTuple):
    """An image of a data set: its side, and its number there from 0."""

    side: str
    number: int


class SuspiciousPair(NamedTuple):
    """Two images that a person should look at.

    "two labels": the same picture under two classes; "near duplicate": pictures that look alike.
    """

    kind: Kind
    first: Place
    second: Place


@dataclass(frozen=True)
class Findings:
    """Findings about a data set.

    Attributes:
        unreadable: Files left out.
        pairs: Some pairs of each kind, those across sides first.
        counts: All pairs of each kind, and of near duplicates those "across sides".
        near: All near duplicates by where they are: "train", "train/test" and so on.
    """

    unreadable: tuple[Unreadable, ...] = ()
    pairs: tuple[SuspiciousPair, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    near: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return {
            "unreadable": self.unreadable,
            "pairs": self.pairs,
            "counts": dict(self.counts),
            "near": dict(self.near),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Findings:
        """What `to_json` described."""
        return cls(
            tuple(Unreadable(*each) for each in document["unreadable"]),
            tuple(SuspiciousPair(kind, Place(*one), Place(*other)) for kind, one, other in document["pairs"]),
            document["counts"],
            document.get("near", {}),
        )
