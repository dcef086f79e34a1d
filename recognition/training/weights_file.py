"""Weights to begin with, as a file holds them: a Keras model, or Keras weights in either layout of HDF5.

Nothing of a file is run: models load in Keras' safe mode, and of an HDF5 file only plain arrays inside it are read, no
links to other files. Since version 3 Keras files a layer's weights under its kind and number within its model, such as
`layers/conv2d_3/vars/0`, whatever the layer's name; before, and still in the published weights of `keras.applications`,
under its name, with the order in an attribute.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recognition.errors import InputError, RecognitionError
from recognition.networks import head_of
from recognition.training.model_file import load_model

if TYPE_CHECKING:
    import keras

Arrays = list[NDArray[np.float32]]
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
DENSEST = 20  # bytes of weights in a byte of a file; more is a damaged or a malicious size
NOT_WEIGHTS = ("optimizer", "seed_generator")


@dataclass(frozen=True)
class SourceWeights:
    """The weights of a network that was trained before.

    Attributes:
        path: The file that they come from.
        network: The network's name, "" where the file does not tell.
        layers: The weights of each layer that has some, but for `head`; by name, or by place where `by_place`.
        by_place: Whether layers are called by kind and number, as `layer_places` does; if not, they are in order.
        head: The last dense layer's weights: kernel, and bias where it has one; None where the file does not tell.
    """

    path: Path
    network: str
    layers: dict[str, Arrays]
    by_place: bool = False
    head: Arrays | None = None


def check_weights_file(path: Path) -> None:
    """Check, without Keras, that a file looks like a model or like weights.

    Raises:
        InputError: If it is missing or something else.
    """
    problem = ""
    if not path.is_file():
        problem = "is missing" if not path.exists() else "is not a file"
    elif path.suffix not in (".keras", ".h5"):
        problem = "is neither a Keras model nor Keras weights"
    elif path.suffix == ".keras" and not zipfile.is_zipfile(path):
        problem = "is not a Keras model, or is damaged"
    elif path.suffix == ".h5" and not _starts_with(path, HDF5_SIGNATURE):
        problem = "is not an HDF5 file, or is damaged"
    if problem:
        raise _unusable(path, problem)


def read_weights(path: Path) -> SourceWeights:
    """Read what a network learned.

    Loading a model draws random numbers, which it then replaces: read before Keras is seeded.

    Args:
        path: A `.keras` file that this project stored (of its three parts only the network's weights are taken) or of
            another network of built-in layers; or a `.h5` file of weights, such as `.weights.h5`.

    Returns:
        float32 arrays, all finite.

    Raises:
        InputError: If the file is missing, damaged or something else.
    """
    check_weights_file(path)
    try:
        source = _read_model(path) if path.suffix == ".keras" else _read_hdf5(path)
    except RecognitionError as error:
        raise _unusable(path, f"cannot be loaded ({error.received})") from error
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        first_line = str(error).partition("\n")[0] or type(error).__name__
        raise _unusable(path, f"is damaged ({first_line})") from error
    arrays = [array for layer in (*source.layers.values(), source.head or []) for array in layer]
    if not arrays:
        raise _unusable(path, "holds no weights")
    if not all(np.isfinite(array).all() for array in arrays):
        raise _unusable(path, "is damaged, or of a training that diverged (weights that are not finite)")
    return source


def leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """A model's layers in order, and those of the models among them in their place."""
    for layer in model.layers:
        yield from leaves(layer) if hasattr(layer, "layers") else [layer]


def layer_places(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """Where Keras' files keep each of a model's layers: `KIND`, `KIND_1` and so on, behind that of a model inside."""
    counts: dict[str, int] = {}
    for layer in model.layers:
        kind = re.sub(r"(?<!^)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", type(layer).__name__).lower()
        number = counts[kind] = counts.get(kind, -1) + 1
        place = f"{prefix}{kind}_{number}" if number else f"{prefix}{kind}"
        yield from layer_places(layer, f"{place}/") if hasattr(layer, "layers") else [(place, layer)]


def _read_model(path: Path) -> SourceWeights:
    model = load_model(path)
    inside = [layer for layer in model.layers if layer.name == model.name and hasattr(layer, "layers")]
    network = inside[0] if inside else model  # of ours, between preprocessing and softmax; called twice if mirrored
    try:
        head = head_of(network)
    except ValueError:
        head = None
    arrays = {
        layer.name: [np.asarray(array, np.float32) for array in layer.get_weights()]
        for layer in leaves(network)
        if layer.weights and layer is not head
    }
    return SourceWeights(path, network.name, arrays, head=None if head is None else head.get_weights())


def _read_hdf5(path: Path) -> SourceWeights:
    import h5py  # type: ignore[import-untyped]

    with h5py.File(path, "r") as file:
        items: dict[str, Any] = {}
        file.visititems(items.__setitem__)  # passes by links to other files
        datasets = {name: item for name, item in items.items() if isinstance(item, h5py.Dataset)}
        _refuse_foreign(datasets, path)
        root = items.get("model_weights", file)
        if "layer_names" in root.attrs:
            return SourceWeights(path, "", _by_name(root, items))
        own = items.get("vars")
        network = str(own.attrs.get("name", "")) if own is not None else ""
        return SourceWeights(path, network, _by_place(datasets), by_place=True)


def _refuse_foreign(datasets: dict[str, Any], path: Path) -> None:
    """Arrays whose bytes lie in other files, and sizes that the file cannot hold."""
    if any(dataset.external or dataset.is_virtual for dataset in datasets.values()):
        raise ValueError("its arrays lie in other files")
    if sum(dataset.nbytes for dataset in datasets.values()) > DENSEST * path.stat().st_size:
        raise ValueError("its arrays claim to be larger than the file can hold")


def _by_name(root: Any, items: dict[str, Any]) -> dict[str, Arrays]:
    """The layout of Keras 1 and 2."""
    prefix = "" if root.name == "/" else root.name.removeprefix("/") + "/"
    arrays = {}
    for layer in map(_text, root.attrs["layer_names"]):
        names = map(_text, items[f"{prefix}{layer}"].attrs["weight_names"])
        found = [_array(items[f"{prefix}{layer}/{name}"]) for name in names]
        if found:
            arrays[layer] = found
    return arrays


def _by_place(datasets: dict[str, Any]) -> dict[str, Arrays]:
    """The layout of Keras 3; the parts of its paths that are always the same are left out."""
    arrays: dict[str, Arrays] = {}
    for name in sorted(datasets, key=_counted):
        *places, variables, _ = ("", *name.split("/"))
        if variables == "vars" and not set(places) & set(NOT_WEIGHTS):
            layer = "/".join(places).removeprefix("/layers/").removeprefix("/").replace("/layers/", "/")
            arrays.setdefault(layer, []).append(_array(datasets[name]))
    return arrays


def _array(dataset: Any) -> NDArray[np.float32]:
    if dataset.dtype.kind not in "fiu":
        raise ValueError(f"{dataset.name} holds {dataset.dtype}, not numbers")
    return np.asarray(dataset[()], np.float32)


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _counted(path: str) -> list[tuple[str, int]]:
    """So that conv2d_10 comes after conv2d_9, and conv2d first."""
    parts = (re.fullmatch(r"(.*?)_?(\d*)", part, re.DOTALL) for part in path.split("/"))
    return [(part[1], int(part[2] or 0)) for part in parts if part]


def _starts_with(path: Path, signature: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(signature)) == signature


def _unusable(path: Path, problem: str) -> InputError:
    return InputError(
        f"the file that train.init names {problem}",
        received=str(path),
        expected="a .keras file of built-in layers, or a .weights.h5 file of the same network",
        remedy="name another file or a registered model (models:/NAME@ALIAS), or --set train.init=null",
    )
