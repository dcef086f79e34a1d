"""A network begins with what another training learned; its head is made anew but for classes that stayed.

How layers are found again: where the file tells their order, and all shapes agree one after the other, in that order,
as Keras itself reads published weights. Otherwise by name, or in files of Keras 3 by place. Keras numbers layers that
have no name of their own through a whole session (`conv2d_3` is not the same layer in two of them), so names that
differ only in their number are taken together: if there are as many in the file as in the network, the first is the
first, and so on; if not, they are left out, for nobody knows which is which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from recognition.errors import InputError
from recognition.networks import NETWORKS, head_of
from recognition.training.weights_file import Arrays, SourceWeights, layer_places, leaves

if TYPE_CHECKING:
    import keras

SHOWN = 5  # names that a line lists


@dataclass(frozen=True)
class Initial:
    """What a training begins with.

    Attributes:
        source: The weights.
        classes: The classes that they were trained for, in the order of their logits; None where nobody knows them.
    """

    source: SourceWeights
    classes: tuple[str, ...] | None


@dataclass(frozen=True)
class Loaded:
    """What a network took from a file, and what not.

    Attributes:
        source: The file, and the network in it.
        loaded: Names of the layers that took their weights from it.
        skipped: Why not, by name of the layer; the head apart.
        kept_classes: Classes whose part of the head was taken over.
        new_classes: Classes whose part of the head is random.
        head: What became of the head, for people.
    """

    source: str
    loaded: tuple[str, ...]
    skipped: Mapping[str, str]
    kept_classes: tuple[str, ...]
    new_classes: tuple[str, ...]
    head: str

    def described(self) -> str:
        """At most six lines for people."""
        count = len(self.loaded) + len(self.skipped)
        reasons = [f"{name} ({reason})" for name, reason in self.skipped.items()]
        lines = [f"initial weights: {len(self.loaded)} of {count} layers from {self.source}"]
        lines += [f"  left random: {_listed(reasons)}"] if reasons else []
        lines += [f"  head: {self.head}"]
        lines += [f"  classes that stayed: {_listed(self.kept_classes)}"] if self.kept_classes else []
        lines += [f"  new classes: {_listed(self.new_classes)}"] if self.kept_classes and self.new_classes else []
        return "\n".join(lines)


def initialize_from(
    network: keras.Model,
    source: SourceWeights,
    classes: Sequence[str],
    source_classes: Sequence[str] | None,
) -> Loaded:
    """Copy weights into a network, layer by layer; see above for how layers are found again.

    Layers whose shapes differ keep their random weights, and so do the head's columns of classes that the file does not
    know by name; without `source_classes` that is the whole head, even where the number of classes agrees.

    Args:
        network: A network made by `build_network`, and by `initialize_network`.
        source: From `read_weights`.
        classes: Its classes, in the order of its logits.
        source_classes: The file's classes, in the order of its logits; None where nobody knows them.

    Raises:
        InputError: If no layer but the head fits: the file is of another network.
    """
    head = head_of(network)
    body = [layer for layer in leaves(network) if layer.weights and layer is not head]
    found = _in_order(body, source) or _by_name(network, head, source)
    reasons = {layer.name: _misfit(layer, found.get(layer.name)) for layer in body}
    loaded = tuple(name for name, reason in reasons.items() if not reason)
    if not loaded:
        raise _another_network(network, source)
    for layer in body:
        if not reasons[layer.name]:
            layer.set_weights(found[layer.name])
    kept, text = _keep_classes(head, source.head, classes, source_classes)
    return Loaded(
        source=f"{source.path}" + (f" ({source.network})" if source.network else ""),
        loaded=loaded,
        skipped={name: reason for name, reason in reasons.items() if reason},
        kept_classes=kept,
        new_classes=tuple(name for name in classes if name not in kept),
        head=text,
    )


def _in_order(body: Sequence[keras.layers.Layer], source: SourceWeights) -> dict[str, Arrays]:
    """All of the body's weights, where the file begins with arrays of just their shapes; else none."""
    arrays = iter([] if source.by_place else list(chain.from_iterable(source.layers.values())))
    found = {layer.name: [array for _, array in zip(layer.weights, arrays, strict=False)] for layer in body}
    return {} if any(_misfit(layer, found[layer.name]) for layer in body) else found


def _by_name(network: keras.Model, head: keras.layers.Layer, source: SourceWeights) -> dict[str, Arrays]:
    """What the file has for each layer of the body by name or place, whether it fits or not."""
    named = layer_places(network) if source.by_place else ((layer.name, layer) for layer in leaves(network))
    ours = {name: layer for name, layer in named if layer.weights}
    last = next(name for name, layer in ours.items() if layer is head)
    found: dict[str, Arrays] = {}
    for kind, names in _kinds(name for name in ours if name != last).items():
        theirs = _kinds(source.layers).get(kind, [])
        if kind == _kind(last) and len(theirs) == len(names) + 1:
            theirs = theirs[:-1]  # that one is the file's head
        pairs = zip(names, names if set(names) == set(theirs) else theirs, strict=False)
        if len(names) == len(theirs):
            found |= {ours[name].name: source.layers[their] for name, their in pairs}
    return found


def _kinds(names: Iterable[str]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for name in names:
        kinds.setdefault(_kind(name), []).append(name)
    return kinds


def _kind(name: str) -> str:
    return re.sub(r"_\d+$", "", name)


def _misfit(layer: keras.layers.Layer, arrays: Arrays | None) -> str:
    """Why arrays are not a layer's weights, "" if they could be."""
    if arrays is None:
        return "no such layer, or not as many"
    ours, theirs = [tuple(weight.shape) for weight in layer.weights], [array.shape for array in arrays]
    return "" if ours == theirs else f"{_shapes(theirs)} in the file, {_shapes(ours)} here"


def _keep_classes(
    head: keras.layers.Dense, theirs: Arrays | None, classes: Sequence[str], source_classes: Sequence[str] | None
) -> tuple[tuple[str, ...], str]:
    """Take over the head's columns of classes that stayed; they, and what became of the head."""
    if theirs is None or source_classes is None:
        return (), "made anew, as the file does not name its classes"
    ours = [np.array(array) for array in head.get_weights()]
    here, there = ([array.shape[:-1] for array in arrays] for arrays in (ours, theirs))
    if here != there or theirs[0].shape[-1] != len(source_classes):
        return (), f"made anew, as the file's has other shapes ({_shapes([array.shape for array in theirs])})"
    kept = tuple(name for name in classes if name in source_classes)
    to, taken = ([order.index(name) for name in kept] for order in (list(classes), list(source_classes)))
    for mine, other in zip(ours, theirs, strict=True):
        mine[..., to] = other[..., taken]
    head.set_weights(ours)
    return kept, f"kept for {len(kept)} of {len(classes)} classes" if kept else "made anew, as no class stayed"


def _another_network(network: keras.Model, source: SourceWeights) -> InputError:
    known = source.network in NETWORKS and source.network != network.name
    switch = f"--set train.network={source.network}, or " if known else ""
    return InputError(
        "train.init is a checkpoint of another network: none of its layers fits",
        received=f"{source.path}, weights of {source.network or 'an unnamed network'}",
        expected=f"weights of {network.name}",
        remedy=f"{switch}name a file of {network.name}, or --set train.init=null",
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    return " and ".join("×".join(map(str, shape)) or "a number" for shape in shapes)
