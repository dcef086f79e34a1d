"""WideResNet-16-4, the small network of choice for small images.

S. Zagoruyko and N. Komodakis, "Wide residual networks", 2016: 16 layers, four times as wide as a ResNet of CIFAR, with
normalization and activation before each convolution, and without dropout. For RGB images and 10 classes 2,748,890
parameters train.
"""

from __future__ import annotations

import keras

from recognition.networks.head import head
from recognition.networks.residual import convolution, norm_and_activation


def build(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Build the network; it takes images of any size, of which two blocks each halve the sides.

    Args:
        input_shape: Height, width and channels; only the channels matter.
        classes: Number of classes.

    Returns:
        An untrained model: float (n, height, width, channels) in, logits (n, classes) out.
    """
    inputs = keras.Input((None, None, input_shape[2]))
    x = convolution(inputs, 16)
    for width, stride in ((64, 1), (128, 2), (256, 2)):
        x = _block(x, width, stride)
        x = _block(x, width, 1)
    x = keras.layers.GlobalAveragePooling2D()(norm_and_activation(x))
    return keras.Model(inputs, head(x, classes), name="wide_resnet16_4")


def _block(x: keras.KerasTensor, width: int, stride: int) -> keras.KerasTensor:
    active = norm_and_activation(x)
    shortcut = x if x.shape[-1] == width else convolution(active, width, size=1, stride=stride)
    x = norm_and_activation(convolution(active, width, stride=stride))
    return keras.layers.Add()([convolution(x, width), shortcut])
