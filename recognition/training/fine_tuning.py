"""Which layers learn, and how fast, when a network begins with weights that are good already.

J. Howard and S. Ruder, "Universal language model fine-tuning for text classification", 2018: the last layer is trained
first, and layers further from it learn more slowly.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from recognition.errors import InputError
from recognition.networks import head_of
from recognition.training.initialization import Loaded
from recognition.training.weights_file import leaves

if TYPE_CHECKING:
    import keras


def depth_factors(network: keras.Model, decay: float) -> list[float]:
    """A factor on the learning rate for each variable that trains, by its layer's distance from the head.

    The distance is the largest number of layers with kernels on a way from the layer to the logits: 0 for the head, 1
    for the last convolution and for the norm behind it, 2 for the one before; branches side by side count alike. The
    factor is `decay` to that power, as in BEiT (H. Bao et al., 2021), whose layers are blocks: for a network of 50 and
    more layers, 0.9 all but freezes the first ones.

    Args:
        network: Not frozen: the list is of all variables that are ever trained.
        decay: Above 0; at most 1.

    Returns:
        One for each of `network.trainable_variables`, in their order.
    """
    distances = _distances(network)
    factors = {
        id(variable): decay ** distances[id(layer)]
        for layer in network.layers
        for variable in layer.trainable_variables
    }
    return [factors[id(variable)] for variable in network.trainable_variables]


def freeze_body(network: keras.Model) -> list[keras.layers.Layer]:
    """Freeze every layer but the head; frozen batch norms normalize with their running statistics, and keep them.

    `network.trainable_variables` holds only the head's afterwards. An optimizer that is to go on when the rest is
    unfrozen must be built over the list from before, and so must `depth_factors`; gradients are computed for the list
    of now. A compiled step keeps the state that it was traced in, so each of the two needs a graph of its own.

    Returns:
        The layers that were frozen by this, for `unfreeze`; those that never train (the whitening of `fast`) are not
        among them.
    """
    head = head_of(network)
    frozen = [layer for layer in leaves(network) if layer.trainable and layer.weights and layer is not head]
    for layer in frozen:
        layer.trainable = False
    return frozen


def unfreeze(frozen: Iterable[keras.layers.Layer]) -> None:
    """Let layers that `freeze_body` froze learn again; `network.trainable_variables` is as it was before."""
    for layer in frozen:
        layer.trainable = True


def require_whole_body(loaded: Loaded) -> None:
    """Check that every layer that is to be frozen has learned something.

    Raises:
        InputError: If a layer but the head was left random.
    """
    if loaded.skipped:
        raise InputError(
            f"train.freeze is true, but {len(loaded.skipped)} layers found no weights and would stay random",
            received="\n    ".join(loaded.described().splitlines()),
            expected="weights for every layer but the head",
            remedy="--set train.freeze=false, or set train.init to a file of this network",
        )


def _distances(network: keras.Model) -> dict[int, int]:
    """Largest number of layers with kernels behind each layer, by the layer's identity."""
    import keras

    behind: dict[int, int] = {}  # by the identity of a layer, and of what it makes
    for layer in reversed(network.operations):  # from the logits to the images
        behind[id(layer)] = max(behind.get(id(made), 0) for made in keras.tree.flatten(layer.output))
        for taken in keras.tree.flatten(layer.input):
            behind[id(taken)] = max(behind.get(id(taken), 0), behind[id(layer)] + _has_kernel(layer))
    return behind


def _has_kernel(layer: keras.layers.Layer) -> bool:
    return any(len(weight.shape) > 1 for weight in getattr(layer, "weights", ()))
