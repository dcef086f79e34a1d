"""A trained model as a file: what training hands on, and what is registered."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.errors import RecognitionError

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class ModelFile:
    """A Keras model file: raw uint8 images in, probabilities out.

    Attributes:
        path: The file on this machine.
        uri: Where it is stored for good.
        sha256: Digest of the file's bytes, in hexadecimal.
        layers: One line a layer, for people.
    """

    path: Path
    uri: str
    sha256: str
    layers: tuple[str, ...] = ()


def load_model(path: Path) -> keras.Model:
    """Load a model in safe mode, uncompiled.

    Args:
        path: A `.keras` file.

    Raises:
        RecognitionError: If the file is damaged or needs code that is not Keras' own.
    """
    import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        first_line = str(error).partition("\n")[0] or type(error).__name__
        raise RecognitionError(
            "the model file cannot be loaded",
            received=f"{path} ({first_line})",
            expected="a Keras model of built-in layers",
            remedy="train it again (`--no-cache`), or register another version",
        ) from error


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_layers(model: keras.Model) -> tuple[str, ...]:
    """One line a layer: name, kind, output shape, parameters; nested models' layers behind them."""
    lines: list[str] = []
    for layer in model.layers:
        shape = getattr(getattr(layer, "output", None), "shape", "")
        lines.append(f"{layer.name} | {type(layer).__name__} | {shape} | {layer.count_params():,}")
        lines.extend(f"{layer.name}/{line}" for line in (describe_layers(layer) if hasattr(layer, "layers") else ()))
    return tuple(lines)
