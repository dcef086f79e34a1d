"""A model that is ready to serve: compiled, warmed up, and named."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from recognition.evaluation.predict import compiled, fitting_batch
from recognition.prediction.classifier import Classifier
from recognition.prediction.rejection import Rejection

BATCH = 64  # images: more are no faster


class ModelCard(BaseModel):
    """What a client may know of the model that answers."""

    name: str
    version: str
    sha256: str = Field(description="digest of the model's file")
    data_digest: str = Field(description="digest of the data that it was trained on")
    temperature: float | None = Field(description="by which its logits were divided to calibrate it; null for none")
    image_shape: tuple[int, int, int] = Field(description="height, width and channels that images are brought to")
    classes: tuple[str, ...] = Field(description="names by index")
    rejection: Rejection | None = Field(description='below which probability the answer is "none of these"')


class Engine:
    """A classifier, compiled once for batches of any size, which no request waits for.

    One graph with a free batch dimension, and not one for each of a few sizes: on CPUs it is as fast (within 5 % at 1
    to 64 images of 32 pixels), and no batch is padded. Each size that is first met costs oneDNN some milliseconds,
    tracing none.

    Args:
        classifier: What answers.
        card: What it is called.
        largest: Images that the model gets at a time; None for 64, fewer where they have more than 89 x 89 pixels.

    Attributes:
        largest: Images that the model gets at a time.
    """

    def __init__(self, classifier: Classifier, card: ModelCard, largest: int | None = None) -> None:
        self.classifier, self.card = classifier, card
        self.largest = largest or min(BATCH, fitting_batch(classifier.transform.shape))
        self._forward: Any = compiled(classifier.model, (None, *classifier.transform.shape))

    def warm_up(self) -> None:
        """Trace the graph and run batches of one, two, four and so on images, up to the largest."""
        size = 1
        while size < self.largest:
            self.probabilities(np.zeros((size, *self.classifier.transform.shape), np.uint8))
            size *= 2
        self.probabilities(np.zeros((self.largest, *self.classifier.transform.shape), np.uint8))

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The model's probabilities, float32, (n, classes).

        Args:
            pixels: uint8, (n, height, width, channels), n 1 or more.
        """
        starts = range(0, len(pixels), self.largest)
        parts = [self._forward(pixels[start : start + self.largest]).numpy() for start in starts]
        return np.concatenate(parts) if len(parts) > 1 else np.asarray(parts[0])
