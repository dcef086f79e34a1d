"""Which formats a model can be exported to, and how far its answers may then be from the model's own."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from recognition.errors import InputError

EXACT, HALF, EIGHT_BITS = 0.001, 0.02, 0.5  # largest difference of a probability; docs/export.md tells what was seen
MIXED = 0.2  # at least, for models that were trained in half precision: the export computes in single precision
PAIRS = {  # format and quantization: what was seen to work with these versions of the packages
    ("savedmodel", None): EXACT,
    ("onnx", None): EXACT,
    ("onnx", "float16"): HALF,
    ("onnx", "int8"): EIGHT_BITS,
    ("litert", None): EXACT,
    ("litert", "float16"): HALF,
    ("litert", "int8"): EIGHT_BITS,
}
EXCEPT = {("onnx", "convnext_tiny"): "tf2onnx knows neither its grouped convolutions nor Erfc"}  # format and network
FILES = {"savedmodel": "model", "onnx": "model.onnx", "litert": "model.tflite"}
FORMATS = tuple(FILES)
QUANTIZATIONS = ("int8", "float16")
MODULES = {  # that writing a format and checking it need, besides TensorFlow
    "savedmodel": (),
    "onnx": ("onnx", "onnxruntime", "tf2onnx"),
    "litert": ("ai_edge_litert",),
}


@dataclass(frozen=True)
class Choice:
    """A format and a quantization that go together.

    Attributes:
        format: One of FORMATS.
        quantize: "int8" for weights and most activations in eight bits; "float16" for weights in half precision; None
            for the weights as they are.
    """

    format: str
    quantize: str | None = None

    @property
    def file(self) -> str:
        """Name of the exported file, or folder, inside the export's folder."""
        return FILES[self.format]

    @property
    def tolerance(self) -> float:
        """Largest difference of a probability that the check lets pass."""
        return PAIRS[self.format, self.quantize]

    def __str__(self) -> str:
        return "-".join(filter(None, [self.format, self.quantize]))


def check_choice(format_: str, quantize: str | None) -> Choice:
    """A format and a quantization, once they are known to work here.

    Args:
        format_: One of FORMATS.
        quantize: One of QUANTIZATIONS, or None.

    Raises:
        InputError: If they do not go together, or a package is missing.
    """
    if (format_, quantize) not in PAIRS:
        raise InputError(
            "this format cannot be quantized so",
            received=f"--format {format_} --quantize {quantize}",
            expected=" or ".join(str(Choice(*pair)).replace("-", " --quantize ") for pair in PAIRS if pair[1]),
            remedy="leave out --quantize, or take another format: docs/export.md",
        )
    missing = [name for name in MODULES[format_] if find_spec(name) is None]
    if missing:
        raise InputError(
            "a package that this format needs is not installed",
            received=f"--format {format_} without {', '.join(missing)}",
            expected="the extra `export` of this project",
            remedy="uv pip install '.[export]' in the checkout, or pip install '.[export]'",
        )
    return Choice(format_, quantize)


def check_network(choice: Choice, network: str) -> None:
    """Refuse a network that a format does not know.

    Args:
        choice: The format.
        network: Name of the model's network.

    Raises:
        InputError: If it was seen not to work with these versions.
    """
    reason = EXCEPT.get((choice.format, network))
    if reason:
        others = ", ".join(form for form in FORMATS if (form, network) not in EXCEPT)
        raise InputError(
            f"{choice.format} does not know this network",
            received=f"{network}: {reason}",
            expected="another network, or another format",
            remedy=f"--format {others.replace(', ', ' or --format ')}",
        )
