"""What evaluation hands on: every prediction, and the metrics computed from them once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from recognition.evaluation.confidence import Confidence
from recognition.evaluation.coverage import Coverage


class ClassMetrics(BaseModel):
    """Metrics of one class; shares as fractions, 0 where there is nothing to divide by.

    `confidence` is the mean probability that the images of this true class got for whatever was predicted: the class
    is overconfident where it exceeds `recall`.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    superclass: str | None
    precision: float
    recall: float
    f1: float
    support: int
    confidence: float


class Metrics(BaseModel):
    """Metrics of a whole split; shares as fractions.

    Attributes:
        images: How many were judged.
        loss: Mean negative log-likelihood in nats, without label smoothing, of what the registered model answers; its
            temperature is in these answers.
        accuracy: Share of right predictions.
        accuracy_interval: The 95 % interval of the accuracy (E. B. Wilson 1927), lower and upper end.
        top5: Share of images whose true class is among the five most probable.
        balanced_accuracy: Mean recall of the classes that have images.
        macro_f1: Mean F1 of the classes that have images.
        superclass_accuracy: Share of predictions within the true superclass; None without superclasses.
        temperature: What the registered model divides its logits by.
        confidence: How well the model's probabilities agree with what is right.
        uncalibrated: The same at temperature 1; None where that is the temperature.
        coverage: What is gained if a person looks at the least sure images.
        classes: Of each class, by index.
    """

    model_config = ConfigDict(frozen=True)

    images: int
    loss: float
    accuracy: float
    accuracy_interval: tuple[float, float]
    top5: float
    balanced_accuracy: float
    macro_f1: float
    superclass_accuracy: float | None
    temperature: float
    confidence: Confidence
    uncalibrated: Confidence | None
    coverage: Coverage
    classes: tuple[ClassMetrics, ...]

    def numbers(self) -> dict[str, float | None]:
        """Each single number by its name, for registries and dashboards; the interval's ends are two."""
        nested = {"accuracy_interval", "confidence", "uncalibrated", "coverage", "classes"}
        lower, upper = self.accuracy_interval
        trust = self.confidence.model_dump(include={"ece", "adaptive_ece", "brier"})
        return self.model_dump(exclude=nested) | {"accuracy_lower": lower, "accuracy_upper": upper} | trust


@dataclass(frozen=True)
class Evaluation:
    """Every prediction on every image of a split, and its metrics.

    Attributes:
        predictions: One row an image: `index` (int64, position in the split), `path` (string, empty where images
            are not files), `hash` (16 hexadecimal digits), `true` and `predicted` (int32 class indices), `loss`
            (float32, nats), `label_1` … `label_5` (int32, most probable first, -1 where there are fewer classes),
            `probability_1` … `probability_5` (float32, 0 where there are fewer classes), `label_quality` (float32,
            the probability given to the true class; low is suspicious) and `suspect` (bool, whether confident learning
            counts the label as wrong).
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
