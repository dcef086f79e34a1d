"""ResNet-18 for small images.

The basic blocks of He et al., "Deep residual learning for image recognition", 2015 (table 1, 18 layers), under the stem
of its CIFAR networks: one 3×3 convolution and no pooling. For RGB images and 10 classes 11,173,962 parameters train.
"""

from __future__ import annotations

import keras

from recognition.networks.head import head
from recognition.networks.residual import convolution, norm, norm_and_activation


def build(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Build the network; it takes images of any size, of which three blocks each halve the sides.

    Args:
        input_shape: Height, width and channels; only the channels matter.
        classes: Number of classes.

    Returns:
        An untrained model: float (n, height, width, channels) in, logits (n, classes) out.
    """
    inputs = keras.Input((None, None, input_shape[2]))
    x = norm_and_activation(convolution(inputs, 64))
    for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        x = _block(x, width, stride)
        x = _block(x, width, 1)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, head(x, classes), name="resnet18")


def _block(x: keras.KerasTensor, width: int, stride: int) -> keras.KerasTensor:
    shortcut = x if x.shape[-1] == width else norm(convolution(x, width, size=1, stride=stride))
    x = norm_and_activation(convolution(x, width, stride=stride))
    x = norm(convolution(x, width))
    return keras.layers.Activation("relu")(keras.layers.Add()([x, shortcut]))
