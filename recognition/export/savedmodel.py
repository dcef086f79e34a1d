"""TensorFlow's SavedModel: a folder, for TensorFlow Serving and any language that TensorFlow has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognition.export.graph import INPUT, OUTPUT, serving_function
from recognition.export.runner import Runner

if TYPE_CHECKING:
    import keras

SIGNATURE = "serving_default"


def write(model: keras.Model, path: Path) -> None:
    """Write a model with one signature, from uint8 images to probabilities.

    Args:
        model: Uint8 images in, probabilities out; single precision.
        path: The folder to make.
    """
    import tensorflow as tf

    module, function = tf.Module(), serving_function(model)
    module.model, module.function = model, function
    tf.saved_model.save(module, str(path), signatures={SIGNATURE: function})


def load(path: Path) -> Runner:
    """A function that runs it.

    Args:
        path: What `write` wrote.
    """
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    signature = loaded.signatures[SIGNATURE]

    def run(images: NDArray[np.uint8], keep: object = loaded) -> NDArray[np.float32]:
        answers: NDArray[np.float32] = signature(**{INPUT: tf.constant(images)})[OUTPUT].numpy()
        return answers

    return run
