"""The JSON beside an exported model: all that a program needs to use it; docs/export.md explains each entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from recognition.export.parity import Parity
from recognition.prediction.rejection import Rejection

FILE = "export.json"
LAYOUT = 1  # rises when an entry changes its meaning


class Tensor(BaseModel):
    """What goes in or comes out.

    Attributes:
        name: Its name in the file.
        dtype: Of each number.
        shape: Length of each axis; None for any.
        meaning: For people.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    meaning: str


class Description(BaseModel):
    """What is told of an exported model.

    Attributes:
        layout: LAYOUT.
        model: Name of the registered model.
        version: Its version in MLflow's registry.
        sha256: Digest of the Keras file that was exported.
        format: "savedmodel", "onnx" or "litert".
        quantize: "int8", "float16" or None.
        file: The exported file or folder, beside the JSON.
        input: Raw pixels; normalization is inside the model.
        output: Probabilities; the temperature is inside the model.
        classes: Names by index of the output.
        superclasses: Names, empty where there are none.
        superclass_of: Index of each class's superclass, empty where there are none.
        transform: How an image file becomes an array; see `ImageTransform`.
        temperature: What the logits are divided by, inside the model.
        rejection: Below which probability the answer is "none of these"; None where every answer is given.
        data: Name and digest of the data set that it was trained on.
        parity: What the check found.
        packages: Versions of what wrote it.
    """

    model_config = ConfigDict(frozen=True)

    layout: int = LAYOUT
    model: str
    version: str
    sha256: str
    format: str
    quantize: str | None
    file: str
    input: Tensor
    output: Tensor
    classes: tuple[str, ...]
    superclasses: tuple[str, ...]
    superclass_of: tuple[int, ...]
    transform: Mapping[str, Any]
    temperature: float
    rejection: Rejection | None
    data: Mapping[str, str]
    parity: Parity
    packages: Mapping[str, str]
