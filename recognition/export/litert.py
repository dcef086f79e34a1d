"""LiteRT, once TensorFlow Lite: one file, for phones and small machines."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognition.export.graph import frozen_function
from recognition.export.runner import Runner

if TYPE_CHECKING:
    import keras


def write(model: keras.Model, path: Path, quantize: str | None, samples: NDArray[np.uint8]) -> None:
    """Convert a model with TensorFlow's own converter.

    Args:
        model: Uint8 images in, probabilities out; single precision.
        path: The file to write.
        quantize: "int8", "float16" or None.
        samples: uint8, (n, height, width, channels), which ranges of activations "int8" reckons with.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen_function(model)], model)
    if quantize:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if quantize == "int8":
        converter.representative_dataset = lambda: ([image[np.newaxis]] for image in samples)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Statistics for quantized inputs")  # those of another way to quantize
        path.write_bytes(converter.convert())


def load(path: Path) -> Runner:
    """A function that runs it.

    Args:
        path: What `write` wrote.
    """
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]

    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    (given,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    prepared = tuple(given["shape"])

    def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        nonlocal prepared
        if images.shape != prepared:
            interpreter.resize_tensor_input(given["index"], images.shape)
            interpreter.allocate_tensors()
            prepared = images.shape
        interpreter.set_tensor(given["index"], images)
        interpreter.invoke()
        answers: NDArray[np.float32] = interpreter.get_tensor(answer["index"])
        return answers

    return run
