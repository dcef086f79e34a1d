"""ONNX: one file, for ONNX Runtime and whatever else reads it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recognition.export.graph import INPUT, OUTPUT, frozen_function
from recognition.export.runner import Runner

if TYPE_CHECKING:
    import keras
    import onnx

OPSET = 17  # ONNX 1.12 of 2022: all that our networks need, and what older runtimes read
LARGE = 1_024  # numbers from which half precision saves anything worth a node
BATCH = 20  # representative images at a time


def write(model: keras.Model, path: Path, quantize: str | None, samples: NDArray[np.uint8]) -> None:
    """Convert a model with tf2onnx; quantize it with ONNX Runtime's own tools.

    Args:
        model: Uint8 images in, probabilities out; single precision.
        path: The file to write.
        quantize: "int8", "float16" or None.
        samples: uint8, (n, height, width, channels), which ranges of activations "int8" reckons with.
    """
    import onnx

    converted = _convert(model)
    if quantize == "float16":
        _halve_weights(converted.graph)
    onnx.checker.check_model(converted)
    if quantize == "int8":
        _quantize(converted, path, samples)
    else:
        onnx.save(converted, path)


def load(path: Path) -> Runner:
    """A function that runs it on the CPU.

    Args:
        path: What `write` wrote.
    """
    import onnxruntime  # type: ignore[import-untyped]

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        answers: NDArray[np.float32] = session.run([OUTPUT], {INPUT: images})[0]
        return answers

    return run


def _convert(model: keras.Model) -> onnx.ModelProto:
    import tf2onnx  # type: ignore[import-untyped]

    frozen = frozen_function(model)
    (given,), (answer,) = frozen.inputs, frozen.outputs
    converted, _ = tf2onnx.convert.from_graph_def(
        frozen.graph.as_graph_def(),
        name=model.name,
        input_names=[given.name],
        output_names=[answer.name],
        opset=OPSET,
        tensors_to_rename={given.name: INPUT, answer.name: OUTPUT},
    )
    return converted  # type: ignore[no-any-return]


def _halve_weights(graph: onnx.GraphProto) -> None:
    """Store large arrays in half precision; the runtime widens them when it loads the file."""
    from onnx import TensorProto, helper, numpy_helper

    for array in [each for each in graph.initializer if each.data_type == TensorProto.FLOAT]:
        values = numpy_helper.to_array(array)
        if values.size >= LARGE:
            name, half = array.name, f"{array.name}_half"
            array.CopyFrom(numpy_helper.from_array(values.astype(np.float16), half))
            graph.node.insert(0, helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))


def _quantize(converted: onnx.ModelProto, path: Path, samples: NDArray[np.uint8]) -> None:
    """Eight bits for weights, channel by channel, and for activations, by their least and greatest values."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, quantize_static  # type: ignore[import-untyped]
    from onnxruntime.quantization.shape_inference import quant_pre_process  # type: ignore[import-untyped]

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Hands out the samples in batches."""

        def __init__(self) -> None:
            self._batches = _batches(samples)

        def get_next(self) -> dict[str, Any] | None:
            """The next batch by the input's name, None after the last."""
            return next(self._batches, None)

    with tempfile.TemporaryDirectory() as folder:
        single, prepared = Path(folder) / "single.onnx", Path(folder) / "prepared.onnx"
        onnx.save(converted, single)
        quant_pre_process(single, prepared)
        quantize_static(prepared, path, Reader(), per_channel=True)


def _batches(samples: NDArray[np.uint8]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(samples), BATCH):
        yield {INPUT: samples[start : start + BATCH]}
