"""The metrics of a table of predictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recognition.evaluation.confidence import confidence_of
from recognition.evaluation.coverage import coverage_of
from recognition.evaluation.evaluation import ClassMetrics, Metrics
from recognition.evaluation.predictions import TOP
from recognition.evaluation.temperature import rescale


def metrics_of(
    predictions: pd.DataFrame,
    probabilities: NDArray[np.float32],
    class_names: Sequence[str],
    superclass_names: Sequence[str],
    superclass_of: NDArray[np.int32],
    temperature: float = 1.0,
) -> Metrics:
    """Compute every metric of a split.

    Averages over classes are over those that have images; one without predictions counts 0, without a warning.

    Args:
        predictions: The table of `predictions_table`, at least one row.
        probabilities: float32, (n, classes), those that the table was made from.
        class_names: Class names by index.
        superclass_names: Superclass names by index, empty where there are none.
        superclass_of: int32, (classes,), empty where there are none.
        temperature: What the model divided its logits by, above 0.
    """
    from sklearn.metrics import accuracy_score

    true, predicted = predictions["true"].to_numpy(), predictions["predicted"].to_numpy()
    tops, hits = predictions["probability_1"].to_numpy(), true == predicted
    classes = _class_metrics(true, predicted, tops, class_names, [superclass_names[i] for i in superclass_of])
    present = [each for each in classes if each.support]
    return Metrics(
        images=len(predictions),
        loss=float(predictions["loss"].to_numpy().mean(dtype=np.float64)),
        accuracy=float(accuracy_score(true, predicted)),
        accuracy_interval=_wilson(hits),
        top5=_top5(predictions),
        balanced_accuracy=float(np.mean([each.recall for each in present])),
        macro_f1=float(np.mean([each.f1 for each in present])),
        superclass_accuracy=_superclass_accuracy(true, predicted, superclass_of),
        temperature=temperature,
        confidence=confidence_of(probabilities, true, hits),
        uncalibrated=None if temperature == 1 else confidence_of(rescale(probabilities, 1 / temperature), true, hits),
        coverage=coverage_of(tops, hits),
        classes=classes,
    )


def confusion_counts(predictions: pd.DataFrame, classes: int) -> NDArray[np.int64]:
    """Confusion matrix, int64, (classes, classes), rows true, columns predicted."""
    from sklearn.metrics import confusion_matrix

    matrix = confusion_matrix(predictions["true"], predictions["predicted"], labels=np.arange(classes))
    return np.asarray(matrix, dtype=np.int64)


def _class_metrics(
    true: NDArray[np.int32],
    predicted: NDArray[np.int32],
    tops: NDArray[np.float32],
    names: Sequence[str],
    superclasses: Sequence[str],
) -> tuple[ClassMetrics, ...]:
    from sklearn.metrics import precision_recall_fscore_support

    labels = np.arange(len(names))
    columns = precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0)
    confidences = np.bincount(true, tops, len(names)) / np.maximum(columns[-1], 1)
    owners: Sequence[str | None] = superclasses or [None] * len(names)
    rows = zip(names, owners, *(column.tolist() for column in (*columns, confidences)), strict=True)
    fields = ("name", "superclass", "precision", "recall", "f1", "support", "confidence")
    return tuple(ClassMetrics(**dict(zip(fields, row, strict=True))) for row in rows)


def _wilson(hits: NDArray[np.bool_]) -> tuple[float, float]:
    from scipy.stats import binomtest

    interval = binomtest(int(hits.sum()), len(hits)).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def _top5(predictions: pd.DataFrame) -> float:
    # from the table's ranking, so that the metric and the table agree where probabilities are equal
    top = predictions[[f"label_{i + 1}" for i in range(TOP)]].to_numpy()
    return float(np.mean((top == predictions[["true"]].to_numpy()).any(axis=1)))


def _superclass_accuracy(
    true: NDArray[np.int32], predicted: NDArray[np.int32], superclass_of: NDArray[np.int32]
) -> float | None:
    if not len(superclass_of):
        return None
    return float(np.mean(superclass_of[true] == superclass_of[predicted]))
