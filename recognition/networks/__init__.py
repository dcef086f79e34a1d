"""Networks by name, one file for each kind; a file's `build` makes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from recognition.data.encoded_images import Images

SMALLEST_SIZES = {  # pixels; known here so that a check needs no Keras
    "deck": 22,
    "fast": 8,
    "fast_large": 8,
    "resnet18": 8,
    "wide_resnet16_4": 8,
    "mobilenet_v2": 32,
    "mobilenet_v3_small": 32,
    "mobilenet_v3_large": 32,
    "efficientnet_v2_b0": 32,
    "resnet50": 32,
    "densenet121": 32,
    "xception": 71,
    "convnext_tiny": 32,
}
NETWORKS = tuple(SMALLEST_SIZES)
ANY_SIZE = ("fast", "fast_large", "resnet18", "wide_resnet16_4")  # built once, they take images of several sizes
WITHOUT_BATCH_NORM = ("deck", "convnext_tiny")  # which learn from one image at a time too


def build_network(name: str, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """An untrained network, float images of (n, *input_shape) in, logits (n, classes) out.

    Args:
        name: One of NETWORKS.
        input_shape: Height, width and channels of an image.
        classes: Number of classes.

    Raises:
        ValueError: If the name is not one of NETWORKS.
    """
    if name not in NETWORKS:
        raise ValueError(f"unknown network {name!r}; expected one of {', '.join(NETWORKS)}")
    return _builders()[name](input_shape, classes)


def _builders() -> dict[str, Callable[[tuple[int, int, int], int], keras.Model]]:
    from recognition.networks import applications, deck, fast, resnet18, wide_resnet16_4

    return {
        "deck": deck.build,
        "resnet18": resnet18.build,
        "wide_resnet16_4": wide_resnet16_4.build,
        **{name: partial(fast.build, name) for name in fast.SIZES},
        **{name: partial(applications.build, name) for name in applications.APPLICATIONS},
    }


def head_of(network: keras.Model) -> keras.layers.Dense:
    """The layer that makes logits of features: the last dense one.

    Args:
        network: A network made by `build_network`, or one loaded from a file.

    Raises:
        ValueError: If the network has no dense layer of its own.
    """
    import keras

    dense = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    if not dense:
        raise ValueError(f"network {network.name!r} has no dense layer")
    return dense[-1]


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
