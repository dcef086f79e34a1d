"""Which side an image is on: a function of its content or its group, so that it never changes sides."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import SPLITS


def assign_sides(
    keys: Sequence[str], given: Sequence[str] | None, test: float, validation: float, gate: float, seed: int
) -> NDArray[np.str_]:
    """Assign each image to train, validation, gate or test.

    A key is hashed to a number between 0 and 1 that decides alone: whatever images are added or removed, the others
    stay where they are. The price is that the shares are reached on average only, in the whole and in each class.

    Args:
        keys: What stays together: an image's group, else its content hash.
        given: The sides that the source states; of those, validation and test are held out of train only where
            the source has none of that name. None where it states nothing.
        test: Share of all images to test on.
        validation: Share of the others to choose the best epoch with.
        gate: Share of what is left to judge candidates with; 0 for none.
        seed: Another seed holds out other images.

    Returns:
        Names of sides, (n,).
    """
    sides = np.array(given if given is not None else ["train"] * len(keys), dtype="<U10")
    stated = set(sides.tolist())
    for side, share in (("test", test), ("validation", validation), ("gate", gate)):
        if side not in stated:
            chosen = np.array([_number(key, side, seed) < share for key in keys], bool)
            sides[chosen & (sides == "train")] = side
    return sides


def shares_in_words(sides: NDArray[np.str_], given: Sequence[str] | None, grouped: bool) -> str:
    """A sentence on where the sides come from and the shares that they have."""
    stated, there = set(given or ()), [side for side in SPLITS if side != "gate" or side in sides]
    made = [side for side in there if side not in stated]
    shares = ", ".join(f"{side} {np.mean(sides == side):.1%}" for side in there)
    if not made:
        return f"sides are the source's own: {shares}"
    by = "group" if grouped else "content"
    what = "sides are" if len(made) == len(there) else " and ".join(made) + " images are"
    return f"{what} chosen by each image's {by}, so that an image never changes sides; shares reached: {shares}"


def _number(key: str, side: str, seed: int) -> float:
    digest = hashlib.blake2b(f"{seed} {side} {key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") / 2**64
