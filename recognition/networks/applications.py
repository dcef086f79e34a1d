"""Networks of `keras.applications`, for images of 32 pixels and more; best from about 96 pixels on.

They start from random weights; nothing is downloaded. Each begins with the conversion from 0–1, as images arrive
without featurewise normalization, to what its published ImageNet weights were trained on, so that such weights from a
local file work as they are. With featurewise normalization the conversion is only another scale, which training undoes.
Grey images are repeated in three channels, for the same reason.

Only those are here that load in Keras' safe mode and whose published weights compute the same in a network built
without them. EfficientNet's first version does not: it adds a layer when Keras itself loads the ImageNet weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras

from recognition.networks.head import head

IMAGENET_MEAN = (0.485, 0.456, 0.406)  # red, green, blue of images from 0 to 1
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red of images from 0 to 255
NORM_MOMENTUM = 0.9  # of the running statistics; up to 0.999 in Keras, which lags behind all but long trainings


class Application(NamedTuple):
    """How one network is built: Keras' function, the conversion of 0–1 images, and further options of the function."""

    function: Callable[..., keras.Model]
    convert: Callable[[keras.KerasTensor], keras.KerasTensor]
    options: dict[str, bool]


def build(name: str, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Build a network of `keras.applications` with random weights and a head of its own.

    Args:
        name: A key of APPLICATIONS.
        input_shape: Height, width and channels; the channels 1 or 3.
        classes: Number of classes.

    Returns:
        An untrained model: float (n, *input_shape) in, logits (n, classes) out; 0–1 is what published weights expect.

    Raises:
        ValueError: If the images are smaller than the network allows.
    """
    application = APPLICATIONS[name]
    inputs = keras.Input(input_shape)
    x = keras.layers.Concatenate(dtype="float32")([inputs] * 3) if input_shape[2] == 1 else inputs
    body = application.function(
        include_top=False,
        weights=None,
        input_tensor=application.convert(x),
        input_shape=(*input_shape[:2], 3),
        pooling="avg",
        **application.options,
    )
    for layer in body.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = NORM_MOMENTUM
    return keras.Model(inputs, head(body.output, classes), name=name)


def _to_signed(x: keras.KerasTensor) -> keras.KerasTensor:
    """From 0–1 to ±1."""
    return keras.layers.Rescaling(2.0, -1.0, dtype="float32")(x)


def _to_standardized(x: keras.KerasTensor) -> keras.KerasTensor:
    """From 0–1 to ImageNet's mean 0 and deviation 1."""
    offset = [-mean / deviation for mean, deviation in zip(IMAGENET_MEAN, IMAGENET_DEVIATION, strict=True)]
    return keras.layers.Rescaling([1 / deviation for deviation in IMAGENET_DEVIATION], offset, dtype="float32")(x)


def _to_caffe(x: keras.KerasTensor) -> keras.KerasTensor:
    """From 0–1 to 0–255 in the order blue, green, red, less ImageNet's mean."""
    reversed_channels = keras.ops.flip(x, axis=-1)
    return keras.layers.Rescaling(255.0, [-mean for mean in CAFFE_MEAN], dtype="float32")(reversed_channels)


_OURS = {"include_preprocessing": False}  # the conversion takes the place of Keras' own
APPLICATIONS = {
    "mobilenet_v2": Application(keras.applications.MobileNetV2, _to_signed, {}),
    "mobilenet_v3_small": Application(keras.applications.MobileNetV3Small, _to_signed, _OURS),
    "mobilenet_v3_large": Application(keras.applications.MobileNetV3Large, _to_signed, _OURS),
    "efficientnet_v2_b0": Application(keras.applications.EfficientNetV2B0, _to_standardized, _OURS),
    "resnet50": Application(keras.applications.ResNet50, _to_caffe, {}),
    "densenet121": Application(keras.applications.DenseNet121, _to_standardized, {}),
    "xception": Application(keras.applications.Xception, _to_signed, {}),
    "convnext_tiny": Application(keras.applications.ConvNeXtTiny, _to_standardized, _OURS),
}
