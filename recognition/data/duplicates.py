"""Exact duplicates, as content hashes tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import Duplicates
from recognition.errors import InputError

JUDGES_FIRST = ("test", "gate", "validation", "train")  # a side keeps an image that stands on a later one too


def count_duplicates(hashes: Mapping[str, NDArray[np.uint64]]) -> Duplicates:
    """Count images that stand more than once.

    Args:
        hashes: For each part, in order, the content hash of each image, uint64, (n,).

    Returns:
        `within` each part, how many images repeat an earlier one; `across`, under keys such as "train/test", how
        many images of the second part stand in the first too.
    """
    within = {part: len(values) - len(np.unique(values)) for part, values in hashes.items()}
    across = {
        f"{first}/{second}": int(np.isin(hashes[second], hashes[first]).sum())
        for first, second in combinations(hashes, 2)
    }
    return Duplicates(within, across)


def without_duplicates(
    chosen: Mapping[str, NDArray[np.int64]], hashes: NDArray[np.uint64], policy: str, paths: Sequence[str] = ()
) -> dict[str, NDArray[np.int64]]:
    """Settle images that stand on two sides.

    Args:
        chosen: Indices of each side's images, int64.
        hashes: Content hash of every image, uint64, (n,).
        policy: "keep" them; "drop" them from train where they are on any other side, from validation where they are
            in gate or test, and from gate where they are in test, so that no score is moved; or "error".
        paths: What to call the images in the error, where they have names.

    Returns:
        The indices that stay, by side in the order given.

    Raises:
        InputError: Images stand on two sides, and the policy is "error".
    """
    seen = np.empty(0, np.uint64)
    kept: dict[str, NDArray[np.int64]] = {}
    for side in filter(chosen.__contains__, JUDGES_FIRST):
        repeated = np.isin(hashes[chosen[side]], seen)
        if repeated.any() and policy == "error":
            raise _refusal(chosen[side][repeated], side, hashes, chosen, paths)
        kept[side] = chosen[side][~repeated] if policy == "drop" else chosen[side]
        seen = np.concatenate([seen, hashes[chosen[side]]])
    return {side: kept[side] for side in chosen}


def _refusal(
    repeated: NDArray[np.int64],
    side: str,
    hashes: NDArray[np.uint64],
    chosen: Mapping[str, NDArray[np.int64]],
    paths: Sequence[str],
) -> InputError:
    image = int(repeated[0])
    before = [other for other in JUDGES_FIRST[: JUDGES_FIRST.index(side)] if other in chosen]
    twins = [(other, twin) for other in before for twin in chosen[other] if hashes[twin] == hashes[image]]
    other, twin = twins[0]
    named = f", such as {paths[twin]} ({other}) and {paths[image]} ({side})" if paths else ""
    return InputError(
        "the same image stands on two sides",
        received=f"{len(repeated):,} images of {side} that are in {' or '.join(before)} too{named}",
        expected="each image on one side, so that no score is flattered",
        remedy="--set data.duplicates=drop takes them out of train, --set data.duplicates=keep leaves them in",
    )
