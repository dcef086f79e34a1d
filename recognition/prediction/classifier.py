"""A stored model with all that it needs to answer for an image file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognition.data.image_transform import ImageTransform
from recognition.prediction.rejection import Rejection
from recognition.training.model_file import load_model

if TYPE_CHECKING:
    import keras

RESIZE, BACKGROUND = "crop", "#ffffff"  # for models of published data sets, whose images were never files


@dataclass(frozen=True)
class Classifier:
    """A model that answers for image files.

    Attributes:
        model: Uint8 images in, (n, height, width, channels); probabilities out, (n, classes).
        classes: Names by index.
        transform: How an image file becomes an array.
        rejection: Below which probability the answer is "none of these"; None where every answer is given.
    """

    model: keras.Model
    classes: tuple[str, ...]
    transform: ImageTransform
    rejection: Rejection | None = None


def load_classifier(path: Path, metadata: Mapping[str, Any], rejection: Rejection | None = None) -> Classifier:
    """Load a stored model, in safe mode.

    Args:
        path: Its `.keras` file.
        metadata: What travels with it: "classes", "image_shape", "transform" (absent or None for published data sets).
        rejection: What travels with it too, where a threshold was set.

    Raises:
        RecognitionError: If the file is damaged.
    """
    return Classifier(load_model(path), tuple(metadata["classes"]), transform_of(metadata), rejection)


def transform_of(metadata: Mapping[str, Any]) -> ImageTransform:
    """How image files become arrays for a stored model: as in its training, or cropped where that had no files.

    Args:
        metadata: As of `load_classifier`.
    """
    stored = metadata.get("transform")
    if stored:
        return ImageTransform.from_json(stored)
    height, width, channels = metadata["image_shape"]
    return ImageTransform(height, width, channels, RESIZE, BACKGROUND)
