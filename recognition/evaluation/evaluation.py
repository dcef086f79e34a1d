"""What evaluation hands on: every prediction, and the metrics computed from them once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

TOP = 5  # how many of the most probable classes are kept of each image


class ClassMetrics(BaseModel):
    """Metrics of one class; shares as fractions."""

    model_config = ConfigDict(frozen=True)

    name: str
    superclass: str | None
    precision: float
    recall: float
    f1: float
    support: int


class Metrics(BaseModel):
    """Metrics of a whole split; shares as fractions.

    `loss` is the mean negative log-likelihood in nats, without label smoothing, before any temperature.
    """

    model_config = ConfigDict(frozen=True)

    images: int
    loss: float
    accuracy: float
    top5: float
    balanced_accuracy: float
    macro_f1: float
    superclass_accuracy: float | None
    classes: tuple[ClassMetrics, ...]


@dataclass(frozen=True)
class Evaluation:
    """Every prediction on every image of a split, and its metrics.

    Attributes:
        predictions: One row an image: `index` (int64, position in the split), `path` (string, empty where images
            are not files), `hash` (16 hexadecimal digits), `true` and `predicted` (int32 class indices), `loss`
            (float32, nats), `label_1` … `label_5` (int32, most probable first, -1 where there are fewer classes)
            and `probability_1` … `probability_5` (float32, 0 where there are fewer classes).
        metrics: Everything computed from the predictions.
        confusion: int64, (classes, classes), rows true, columns predicted.
        class_names: Class names by index.
        superclass_names: Superclass names by index, empty where there are none.
        superclass_of: int32, (classes,), empty where there are none.
    """

    predictions: pd.DataFrame
    metrics: Metrics
    confusion: NDArray[np.int64]
    class_names: tuple[str, ...]
    superclass_names: tuple[str, ...]
    superclass_of: NDArray[np.int32]
