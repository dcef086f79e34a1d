"""A plan together with the picture of what it does."""

from __future__ import annotations

from dataclasses import dataclass

from recognition.augmentation.plan import AugmentationPlan


@dataclass(frozen=True)
class IllustratedPlan:
    """A resolved plan and its picture.

    Attributes:
        plan: What augmentation and normalization do.
        picture: PNG, the same real images before and after.
    """

    plan: AugmentationPlan
    picture: bytes
