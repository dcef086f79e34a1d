"""From probabilities to an evaluation: every prediction, and all metrics, computed once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recognition.data.dataset import Split
from recognition.errors import InputError, RecognitionError
from recognition.evaluation.evaluation import Evaluation
from recognition.evaluation.metrics import confusion_counts, metrics_of
from recognition.evaluation.predictions import predictions_table

TOLERANCE = 1e-3  # how far from 1 the probabilities of an image may sum: rounding, not a missing softmax


def evaluate(
    probabilities: NDArray[np.float32],
    split: Split,
    class_names: Sequence[str],
    superclass_names: Sequence[str] = (),
    superclass_of: ArrayLike = (),
    temperature: float = 1.0,
) -> Evaluation:
    """Judge a model by its probabilities on every image of a split.

    The loss of an image is -log of the probability of its true class, in float64 and in nats; probabilities below
    the smallest normal float32, 1.18e-38, count as that number. Of equal probabilities the lower class comes first.
    Balanced accuracy and macro-F1 are means over the classes that have images; one without predictions has a
    precision and an F1 of 0. Labels that the model contradicts are judged from the whole matrix, which is not kept.

    Args:
        probabilities: float32, (n, classes), one row an image, in the order of the split; rows sum to 1; what
            the registered model answers, temperature and all.
        split: The labelled images, n of them; their pixels are not read.
        class_names: Class names by index.
        superclass_names: Superclass names by index, empty where there are none.
        superclass_of: Integers, (classes,), the superclass of each class; empty where there are none.
        temperature: What the model divides its logits by, so that it can be told what it would answer at 1.

    Returns:
        Predictions, metrics and confusion matrix.

    Raises:
        InputError: The labels or the superclasses do not fit the classes, the split is empty, or the temperature is
            not above 0.
        RecognitionError: The probabilities have a wrong shape or are no probabilities.
    """
    owners = np.asarray(superclass_of, dtype=np.int32)
    _check_labels(split.labels, len(class_names))
    _check_superclasses(owners, len(class_names), len(superclass_names))
    _check_probabilities(probabilities, (len(split), len(class_names)))
    if not 0 < temperature < math.inf:
        raise InputError("the temperature is out of range", received=str(temperature), expected="a number above 0")
    predictions = predictions_table(probabilities, split)
    names = tuple(class_names), tuple(superclass_names)
    metrics = metrics_of(predictions, probabilities, *names, owners, temperature)
    return Evaluation(predictions, metrics, confusion_counts(predictions, len(class_names)), *names, owners)


def _check_labels(labels: NDArray[np.int32], classes: int) -> None:
    if labels.ndim != 1:
        raise InputError(
            "several labels an image are not supported yet",
            received=f"labels of shape {labels.shape}",
            expected="one class index an image, shape (n,)",
        )
    if not labels.size:
        raise InputError("the split holds no images, so there is nothing to judge")
    if labels.min() < 0 or labels.max() >= classes:
        raise InputError(
            "a label names no class", received=f"{labels.min()} to {labels.max()}", expected=f"0 to {classes - 1}"
        )


def _check_superclasses(owners: NDArray[np.int32], classes: int, superclasses: int) -> None:
    shape = (classes,) if superclasses else (0,)
    if owners.shape != shape:
        raise InputError(
            "superclasses do not fit the classes",
            received=f"superclass_of of shape {owners.shape} with {superclasses} superclass names",
            expected=f"shape {shape}",
        )
    if superclasses and (owners.min() < 0 or owners.max() >= superclasses):
        raise InputError("superclass_of names no superclass", expected=f"0 to {superclasses - 1}")


def _check_probabilities(probabilities: NDArray[np.float32], shape: tuple[int, int]) -> None:
    if probabilities.shape != shape:
        raise RecognitionError(
            "probabilities do not fit the images and classes",
            received=f"shape {probabilities.shape}",
            expected=f"shape {shape}",
        )
    with np.errstate(invalid="ignore"):  # NaN and infinity fail the comparison below
        sums = probabilities.sum(axis=1, dtype=np.float64)
    good = (np.abs(sums - 1) <= TOLERANCE) & (probabilities.min(axis=1) >= 0)
    if not good.all():
        row = int(np.argmin(good))
        raise RecognitionError(
            f"{np.count_nonzero(~good)} of {len(good)} rows are no probabilities",
            received=f"row {row} sums to {sums[row]:.6g}, its smallest value is {probabilities[row].min():.6g}",
            expected=f"values of 0 or more that sum to 1 within {TOLERANCE}",
            remedy="end the network with a softmax in float32; NaN means that training diverged",
        )
