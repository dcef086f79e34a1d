"""Networks by name, one file each; a file's `build` makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from recognition.data.encoded_images import Images

SMALLEST_SIZES = {"deck": 22, "fast": 8, "fast_large": 8}  # pixels; known here so that a check needs no Keras
NETWORKS = tuple(SMALLEST_SIZES)
ANY_SIZE = ("fast", "fast_large")  # built once, they take images of several sizes


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
    if name in ("fast", "fast_large"):
        from recognition.networks import fast

        return fast.build(name, input_shape, classes)
    raise ValueError(f"unknown network {name!r}; expected one of {', '.join(NETWORKS)}")


def initialize_network(network: keras.Model, preprocessing: keras.Model, images: Images) -> None:
    """Set what a network computes from training images before it learns; most networks have no such thing.

    Args:
        network: An untrained network.
        preprocessing: Raw images in, what the network sees out.
        images: uint8, (n, height, width, channels), the training images.
    """
    if network.name in ("fast", "fast_large"):
        import numpy as np

        from recognition.networks import fast

        sample = images[: fast.WHITENING_IMAGES].astype(np.float32)
        fast.whiten(network, np.asarray(preprocessing(sample)))
