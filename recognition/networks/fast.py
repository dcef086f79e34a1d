"""Networks that learn small images quickly, on a CPU too.

After the networks of Keller Jordan's cifar10-airbench: a frozen whitening convolution computed from training patches,
three groups of conv – pool – norm – activation – conv – norm – activation, global max pooling and a bias-free head
with small logits. The groups of the large one have a third convolution, past which the first one's result is added.
"""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

SIZES = {"fast": ((64, 256, 256), 2), "fast_large": ((128, 512, 512), 3)}  # channels and convolutions of each group
WHITENING_EPSILON = 5e-4  # keeps directions of near-zero variance from exploding
WHITENING_IMAGES = 5_000  # enough patches for a covariance of at most 12 by 12
NORM_MOMENTUM = 0.6  # of the running statistics: few steps, which change the network fast
HEAD_SCALE = 1 / 9  # small logits at the start keep the first gradients calm


def build(name: str, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Build a network; `whiten` must see training images before its first use.

    It takes images of any size from 8×8 up; how often it pools is decided by the size that it is built for.

    Args:
        name: A key of SIZES.
        input_shape: Height, width and channels; height and width of at least 8.
        classes: Number of classes.

    Returns:
        An untrained model: float (n, *input_shape) in, logits (n, classes) out.
    """
    widths, depth = SIZES[name]
    inputs = keras.Input((None, None, input_shape[2]))
    side = min(input_shape[:2]) - 1  # after the whitening
    patch = 4 * input_shape[2]
    x = keras.layers.Conv2D(2 * patch, 2, use_bias=False, trainable=False, name="whitening")(inputs)
    x = keras.layers.Activation("silu")(x)
    for width in widths:
        pooled = side >= 4  # small images are not pooled away
        x = _group(x, width, depth, pooled)
        side = side // 2 if pooled else side
    x = keras.layers.GlobalMaxPooling2D()(x)
    x = keras.layers.Dense(classes, use_bias=False, name="head", dtype="float32")(x)
    logits = keras.layers.Rescaling(HEAD_SCALE, name="logits", dtype="float32")(x)
    return keras.Model(inputs, logits, name=name)


def whiten(network: keras.Model, images: NDArray[np.float32]) -> None:
    """Set the frozen first convolution to the whitening of 2×2 patches, with both signs of each direction.

    Args:
        network: A network made by `build`.
        images: float32, (n, height, width, channels), as the network sees them.
    """
    corners = [images[:, i : images.shape[1] - 1 + i, j : images.shape[2] - 1 + j] for i in (0, 1) for j in (0, 1)]
    patches = np.stack(corners, axis=3).reshape(-1, 4 * images.shape[3])
    covariance = patches.T @ patches / len(patches)
    variances, directions = np.linalg.eigh(covariance)
    kernel = (directions / np.sqrt(variances + WHITENING_EPSILON)).reshape(2, 2, images.shape[3], -1)
    network.get_layer("whitening").set_weights([np.concatenate([kernel, -kernel], axis=3)])


def _group(x: keras.KerasTensor, width: int, depth: int, pooled: bool) -> keras.KerasTensor:
    x = _convolution(x, width)
    if pooled:
        x = keras.layers.MaxPooling2D()(x)
    first = x = _norm_and_activation(x)
    x = _norm_and_activation(_convolution(x, width))
    if depth == 3:
        x = keras.layers.BatchNormalization(momentum=NORM_MOMENTUM)(_convolution(x, width))
        x = keras.layers.Activation("silu")(keras.layers.Add()([x, first]))
    return x


def _convolution(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    return keras.layers.Conv2D(width, 3, padding="same", use_bias=False)(x)


def _norm_and_activation(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.Activation("silu")(keras.layers.BatchNormalization(momentum=NORM_MOMENTUM)(x))
