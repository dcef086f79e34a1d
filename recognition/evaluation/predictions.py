"""The table of predictions, one row an image."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recognition.data.dataset import Split
from recognition.evaluation.suspects import judge_labels
from recognition.evaluation.temperature import FLOOR

TOP = 5  # how many of the most probable classes are kept of each image
BLOCK = 8192  # rows ranked at a time, which bounds the memory that a thousand classes take


def predictions_table(probabilities: NDArray[np.float32], split: Split) -> pd.DataFrame:
    """One row an image, with the columns that `Evaluation` documents.

    Of equal probabilities the lower class comes first. Losses are computed in float64 from probabilities of at least
    FLOOR.

    Args:
        probabilities: float32, (n, classes), rows that sum to 1.
        split: The labelled images, n of them; their pixels are not read.
    """
    ranked = _ranked(probabilities)
    rows = np.arange(len(split))
    likelihoods = probabilities[rows, split.labels].astype(np.float64)
    columns = {
        "index": rows.astype(np.int64),
        "path": pd.Series(split.paths or [""] * len(split), dtype="str"),
        "hash": pd.Series([f"{value:016x}" for value in split.hashes.tolist()], dtype="str"),
        "true": split.labels.astype(np.int32),
        "predicted": ranked[:, 0],
        "loss": -np.log(np.maximum(likelihoods, FLOOR)).astype(np.float32),
    }
    verdict = judge_labels(probabilities, split.labels, ranked[:, 0])
    judged = {"label_quality": verdict.quality, "suspect": verdict.suspect}
    return pd.DataFrame(columns | _top_columns(probabilities, ranked) | judged)


def _ranked(probabilities: NDArray[np.float32]) -> NDArray[np.int32]:
    starts = range(0, len(probabilities), BLOCK)
    return np.concatenate([_top_classes(probabilities[start : start + BLOCK]) for start in starts])


def _top_classes(probabilities: NDArray[np.float32]) -> NDArray[np.int32]:
    """By as many searches for the largest, which of a thousand classes is many times as quick as sorting them."""
    left, rows = probabilities.copy(), np.arange(len(probabilities))
    ranked = np.empty((len(rows), min(TOP, probabilities.shape[1])), np.int32)
    for place in range(ranked.shape[1]):
        ranked[:, place] = left.argmax(axis=1)
        left[rows, ranked[:, place]] = -1
    return ranked


def _top_columns(probabilities: NDArray[np.float32], ranked: NDArray[np.int32]) -> dict[str, NDArray[np.generic]]:
    shape = len(ranked), TOP
    labels, values = np.full(shape, -1, np.int32), np.zeros(shape, np.float32)
    labels[:, : ranked.shape[1]] = ranked
    values[:, : ranked.shape[1]] = np.take_along_axis(probabilities, ranked, axis=1)
    by_label: dict[str, NDArray[np.generic]] = {f"label_{i + 1}": labels[:, i] for i in range(TOP)}
    return by_label | {f"probability_{i + 1}": values[:, i] for i in range(TOP)}
