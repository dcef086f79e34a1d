"""The metric in charge: one number that decides the best epoch, when training stops, and the gate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]


def score(metric: str, true: Labels, predicted: Labels) -> float:
    """A metric as a fraction, computed by scikit-learn; averages are over the classes that have images.

    Args:
        metric: "accuracy", "balanced_accuracy" or "macro_f1".
        true: Integers, (n,), n of 1 or more.
        predicted: Integers, (n,).
    """
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    if metric == "accuracy":
        return float(accuracy_score(true, predicted))
    present = np.unique(true)
    if metric == "balanced_accuracy":
        return float(recall_score(true, predicted, labels=present, average="macro", zero_division=0))
    return float(f1_score(true, predicted, labels=present, average="macro", zero_division=0))


def in_words(metric: str) -> str:
    """A metric's name as words: "macro_f1" is "macro F1"."""
    return metric.replace("_", " ").replace("f1", "F1")
