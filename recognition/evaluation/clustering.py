"""Classes in an order that puts those next to each other which are taken for each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_ORDERED = 300  # classes up to which the leaves are ordered optimally: 0.1 s, growing with the cube


def cluster_classes(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order classes by average-linkage clustering (Sokal and Michener 1958) of how often they are confused.

    The leaves of the tree are ordered so that neighbours are close (Bar-Joseph, Gifford and Jaakkola 2001) where there
    are at most MOST_ORDERED classes. Classes of a perfect model keep their order.

    Args:
        shares: float64, (classes, classes), the confusion matrix as shares of each true class's images.

    Returns:
        int64, (classes,), the class at each position.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    likeness = shares + shares.T
    np.fill_diagonal(likeness, 0)
    if not likeness.any():
        return np.arange(len(shares))
    distances = squareform(1 - likeness / likeness.max(), checks=False)  # which leaves the diagonal out
    tree = linkage(distances, "average")
    if len(shares) <= MOST_ORDERED:
        tree = optimal_leaf_ordering(tree, distances)
    return np.asarray(leaves_list(tree), dtype=np.int64)
