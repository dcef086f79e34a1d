"""Normalization as part of the model: from raw pixel values to what the network sees."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from recognition.augmentation.plan import AugmentationPlan
from recognition.augmentation.statistics import EPSILON
from recognition.errors import InputError


def build_preprocessing(plan: AugmentationPlan, dtype: str = "uint8") -> keras.Model:
    """A model from raw pixel values to normalized ones, with the plan's statistics inside.

    It consists of built-in Keras layers and operations only, so it loads in safe mode without custom objects.

    Args:
        plan: Which normalization, and its statistics.
        dtype: Of the input: "uint8", or "float32" for values 0–255 that need not be whole.

    Returns:
        From dtype, (b, height, width, channels), 0–255, to float32 of the same shape. Nothing in it trains.
    """
    pixels = keras.Input(plan.image_shape, dtype=dtype, name="pixels")
    return keras.Model(pixels, preprocess(pixels, plan), name="preprocessing")


def preprocess(x: keras.KerasTensor, plan: AugmentationPlan) -> keras.KerasTensor:
    """Normalize in the order of `ImageDataGenerator.standardize`: each image, then each channel, then ZCA.

    Every layer computes in float32 whatever the precision policy.

    Args:
        x: Symbolic tensor, uint8 or float32, (b, height, width, channels), 0–255.
        plan: Which normalization, and its statistics.

    Returns:
        Symbolic float32 tensor of the same shape.

    Raises:
        InputError: The images are not of the plan's shape.
    """
    _require_shape(x, plan)
    x = layers.Rescaling(1 / 255, dtype="float32", name="rescaling")(x)
    if plan.options.samplewise_center:
        x = _samplewise(plan)(x)
    if plan.mean is not None:
        x = _featurewise(plan.mean, plan.std)(x)
    return _whiten(x, plan.zca) if plan.zca is not None else x


def _samplewise(plan: AugmentationPlan) -> keras.Model:
    """Centre, and divide by the deviation where asked for; a model of its own because operations cannot be named."""
    image = centred = keras.Input(plan.image_shape, dtype="float32", name="image")
    for _ in range(2):  # the second mean is the rounding error of the first, which dull images would magnify
        centred = ops.subtract(centred, ops.mean(centred, axis=(1, 2, 3), keepdims=True))
    if not plan.options.samplewise_std_normalization:
        return keras.Model(image, centred, name="samplewise_center")
    # no layer does this: LayerNormalization adds its epsilon to the variance, not to the deviation
    deviation = ops.add(ops.std(centred, axis=(1, 2, 3), keepdims=True), EPSILON)
    return keras.Model(image, ops.divide(centred, deviation), name="samplewise_normalization")


def _featurewise(mean: tuple[float, ...], std: tuple[float, ...] | None) -> layers.Layer:
    # the layer divides by the square root of its variance, which makes this a division by std + 1e-6
    variance = [(deviation + EPSILON) ** 2 for deviation in std] if std else [1.0] * len(mean)
    return layers.Normalization(
        axis=-1, mean=list(mean), variance=variance, dtype="float32", name="featurewise_normalization"
    )


def _whiten(x: keras.KerasTensor, matrix: NDArray[np.float32]) -> keras.KerasTensor:
    whitening = layers.Dense(
        len(matrix), use_bias=False, kernel_initializer="zeros", trainable=False, dtype="float32", name="zca_whitening"
    )
    flat = layers.Flatten(dtype="float32", name="zca_flatten")(x)
    white = layers.Reshape(x.shape[1:], dtype="float32", name="zca_reshape")(whitening(flat))
    whitening.set_weights([matrix])
    return white


def _require_shape(x: keras.KerasTensor, plan: AugmentationPlan) -> None:
    if tuple(x.shape[1:]) != plan.image_shape:
        raise InputError(
            "the images have not the shape that the augmentation plan was made for",
            received=" × ".join(map(str, x.shape[1:])),
            expected=" × ".join(map(str, plan.image_shape)),
            remedy="resolve a plan for these images",
        )
