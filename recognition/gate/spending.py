"""How the significance level is spent over the decisions that are taken on the same images."""

from __future__ import annotations

from typing import Protocol


class Spent(Protocol):
    """An earlier decision: the level it was tested at, and whether it found the candidate good."""

    @property
    def level(self) -> float:
        """What its p-value was compared with."""

    @property
    def rejected(self) -> bool:
        """Whether the p-value was below it."""


def own_level(level: float, half_spent: int, number: int) -> float:
    """The share of the level that a decision has of its own.

    With h for `half_spent` it is level * h / ((h + k - 1) (h + k)) for decision k: a sum that telescopes to
    level * k / (h + k) after k decisions, so that half is spent after h and all of it never.

    Args:
        level: Of all decisions together.
        half_spent: h.
        number: k, from 1.
    """
    return level * half_spent / ((half_spent + number - 1) * (half_spent + number))


def next_level(level: float, half_spent: int, number: int, last: Spent | None) -> float:
    """The level of the next decision: its own share, and what the one before did not lose.

    A decision that found its candidate good cost nothing, and hands on what it was tested at. That is the online
    fallback procedure of J. Tian and A. Ramdas, "Online control of the familywise error rate", Statistical Methods in
    Medical Research 30 (2021): however the decisions depend on each other, and for any number of them, the chance of
    one or more false promotions stays below `level`.

    Args:
        level: Of all decisions together.
        half_spent: As of `own_level`.
        number: Which decision it is, from 1.
        last: The decision before, None for the first.
    """
    handed_on = last.level if last is not None and last.rejected else 0.0
    return own_level(level, half_spent, number) + handed_on
