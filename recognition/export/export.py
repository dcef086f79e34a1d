"""Write a model in another format, and check that it answers as before."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognition.export import litert, onnx_file, savedmodel
from recognition.export.choice import MIXED, Choice
from recognition.export.description import Tensor
from recognition.export.graph import INPUT, OUTPUT, is_mixed, serving_function, single_precision
from recognition.export.parity import Parity, check_parity
from recognition.export.runner import Runner

if TYPE_CHECKING:
    import keras

LOADERS = {"savedmodel": savedmodel.load, "onnx": onnx_file.load, "litert": litert.load}
DISTRIBUTIONS = {  # whose versions the description names
    "savedmodel": ("tensorflow", "keras"),
    "onnx": ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime"),
    "litert": ("tensorflow", "keras", "ai-edge-litert"),
}


def export_model(model: keras.Model, choice: Choice, path: Path, samples: NDArray[np.uint8]) -> None:
    """Write a model in another format.

    Args:
        model: Uint8 images in, probabilities out; of built-in layers.
        choice: The format.
        path: The file or folder to make.
        samples: uint8, (n, height, width, channels): training images, for "int8".
    """
    plain = single_precision(model)
    if choice.format == "savedmodel":
        savedmodel.write(plain, path)
    elif choice.format == "onnx":
        onnx_file.write(plain, path, choice.quantize, samples)
    else:
        litert.write(plain, path, choice.quantize, samples)


def check_export(
    model: keras.Model,
    choice: Choice,
    files: tuple[Path, Path],
    images: NDArray[np.uint8],
    labels: NDArray[np.int32],
    tolerance: float | None,
) -> Parity:
    """Compare what was written with the model.

    Args:
        model: The model.
        choice: The format.
        files: The model's Keras file, and what `export_model` wrote.
        images: uint8, (n, height, width, channels), test images.
        labels: int32, (n,), class indices.
        tolerance: Largest difference of a probability that may pass; None for the format's own.

    Raises:
        RecognitionError: If it is larger.
    """
    own = max(choice.tolerance, MIXED) if is_mixed(model) else choice.tolerance
    runners = registered_runner(model), LOADERS[choice.format](files[1])
    return check_parity(runners, files, images, labels, own if tolerance is None else tolerance)


def registered_runner(model: keras.Model) -> Runner:
    """A function that runs a Keras model as a program would that serves it: as one compiled graph."""
    function = serving_function(model)

    def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        answers: NDArray[np.float32] = function(images)[OUTPUT].numpy()
        return answers

    return run


def ends(model: keras.Model) -> dict[str, Tensor]:
    """What goes into an export of a model, and what comes out, as entries of its description."""
    meaning = "raw pixels, 0 to 255, red green blue or grey, rows from the top"
    given = Tensor(name=INPUT, dtype="uint8", shape=(None, *model.input_shape[1:]), meaning=meaning)
    shape = (None, model.output_shape[-1])
    return {"input": given, "output": Tensor(name=OUTPUT, dtype="float32", shape=shape, meaning="of each class")}


def packages_of(choice: Choice) -> dict[str, str]:
    """Versions of the packages that write a format."""
    return {name: version(name) for name in DISTRIBUTIONS[choice.format]}
