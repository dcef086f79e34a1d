"""Exact duplicates, as content hashes tell."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import Duplicates


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
