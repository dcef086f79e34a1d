"""Networks by name, one file each; a file's `build` makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

NETWORKS = ("deck", "fast")


def build_network(name: str, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """An untrained network, float images of (n, *input_shape) in, logits (n, classes) out.

    Args:
        name: One of NETWORKS.
        input_shape: Height, width and channels of an image.
        classes: Number of classes.

    Raises:
        ValueError: If the name is not one of NETWORKS.
    """
    if name == "deck":
        from recognition.networks import deck

        return deck.build(input_shape, classes)
    if name == "fast":
        from recognition.networks import fast

        return fast.build(input_shape, classes)
    raise ValueError(f"unknown network {name!r}; expected one of {', '.join(NETWORKS)}")
