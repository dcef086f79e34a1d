"""The two pieces that residual networks of small images share.

As in the Torch programs that were published with the papers: He initialization, convolutions without bias, and padding
that keeps a strided convolution centred on the pixels that its shortcut takes.
"""

from __future__ import annotations

import keras

NORM_MOMENTUM = 0.9  # of the running statistics; Keras' 0.99 lags behind a training of a few epochs
NORM_EPSILON = 1e-5


def convolution(x: keras.KerasTensor, width: int, size: int = 3, stride: int = 1) -> keras.KerasTensor:
    """Convolve with padding; a side becomes ceil(side / stride).

    Args:
        x: Symbolic float tensor, (n, height, width, channels).
        width: Channels of the result.
        size: Pixels of the kernel a side, 1 or 3.
        stride: Every how many pixels.
    """
    if size == 3:
        x = keras.layers.ZeroPadding2D(1)(x)  # "same" would shift a strided kernel by a pixel
    layer = keras.layers.Conv2D(width, size, strides=stride, use_bias=False, kernel_initializer="he_normal")
    return layer(x)


def norm(x: keras.KerasTensor) -> keras.KerasTensor:
    """Normalize over the batch."""
    return keras.layers.BatchNormalization(momentum=NORM_MOMENTUM, epsilon=NORM_EPSILON)(x)


def norm_and_activation(x: keras.KerasTensor) -> keras.KerasTensor:
    """Normalize over the batch, then cut off what is negative."""
    return keras.layers.Activation("relu")(norm(x))
