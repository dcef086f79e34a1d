"""RandAugment: E. Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space", 2019.

Keras' layer of that name draws its operations once for a whole batch; here each image has its own. The operations are
those of Pillow on whole pixel values, and the farthest each goes is what AutoAugment's paper gives, 2018, table 6, with
every operation the stronger the higher the magnitude.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi

import tensorflow as tf

from recognition.augmentation.color import adjust_brightness, adjust_contrast, adjust_saturation, blend
from recognition.augmentation.plan import AugmentationPlan

FACTOR = 0.9  # brightness, contrast, color and sharpness change by up to 1 ± this
TURN = 30 * pi / 180
SHEAR = 0.3
TRANSLATION = 150 / 331  # of the side: AutoAugment's pixels, of its images
POSTERIZED_BITS = 4
LEVELS = 256
GREY = 128.0  # outside the image, as in the authors' code


def rand_augment(images: tf.Tensor, plan: AugmentationPlan, seed: tf.Tensor) -> tf.Tensor:
    """Apply N operations to each image, drawn independently out of 14, in random directions.

    Args:
        images: float32, (b, height, width, channels), 0–255; rounded before each operation.
        plan: N and the magnitude, 0–10.
        seed: int32, (2,). The draw of an image depends on it and on the image's place in the batch only.

    Returns:
        float32, (b, height, width, channels), 0–255.
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 2, alg="philox"))
    shape = (tf.shape(images)[0], plan.options.rand_augment)
    drawn = tf.random.stateless_uniform(shape, seeds[0], 0, len(OPERATIONS), dtype=tf.int32, alg="philox")
    signs = tf.where(tf.random.stateless_uniform(shape, seeds[1], alg="philox") < 0.5, -1.0, 1.0)
    for number in range(plan.options.rand_augment):
        strengths = signs[:, number] * (plan.rand_augment_magnitude / 10)
        images = apply_operations(tf.round(images), drawn[:, number], strengths)
    return images


def apply_operations(images: tf.Tensor, drawn: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    """Apply to each image the operation that it drew; each is computed on those images only.

    Args:
        images: float32, (b, height, width, channels), whole values 0–255.
        drawn: int32, (b,), numbers of `OPERATIONS` in their order.
        strengths: float32, (b,), -1 to 1; the sign counts only where an operation has two directions.

    Returns:
        float32, (b, height, width, channels), 0–255.
    """
    places = tf.dynamic_partition(tf.range(tf.shape(images)[0]), drawn, len(OPERATIONS))
    changed = [
        operation(tf.gather(images, place), tf.gather(strengths, place))
        for operation, place in zip(OPERATIONS.values(), places, strict=True)
    ]
    return tf.ensure_shape(tf.dynamic_stitch(places, changed), images.shape)


def _identity(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    return images


def _auto_contrast(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    darkest = tf.reduce_min(images, axis=(1, 2), keepdims=True)
    span = tf.reduce_max(images, axis=(1, 2), keepdims=True) - darkest
    return tf.where(span > 0, (images - darkest) * tf.math.divide_no_nan(255.0, span), images)


def _equalize(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    """Spread each channel's values evenly, by Pillow's arithmetic on whole numbers."""
    height, width, channels = images.shape[1:]
    values = tf.cast(tf.reshape(tf.transpose(images, (0, 3, 1, 2)), (-1, height * width)), tf.int32)
    darker = tf.cumsum(_histograms(values), axis=1, exclusive=True)
    brightest = tf.reduce_max(values, axis=1, keepdims=True)
    step = tf.gather(darker, brightest, batch_dims=1) // (LEVELS - 1)
    table = tf.where(step > 0, (step // 2 + darker) // tf.maximum(step, 1), tf.range(LEVELS))
    equalized = tf.gather(tf.cast(tf.minimum(table, LEVELS - 1), tf.float32), values, batch_dims=1)
    return tf.transpose(tf.reshape(equalized, (-1, channels, height, width)), (0, 2, 3, 1))


def _histograms(values: tf.Tensor) -> tf.Tensor:
    """How often each of 256 values occurs in each row: int32, (rows, 256). Unlike a bincount, certain on GPUs too."""
    rows = tf.shape(values)[0]
    places = values + LEVELS * tf.range(rows)[:, None]
    counts = tf.math.unsorted_segment_sum(tf.ones_like(values), places, LEVELS * rows)
    return tf.reshape(counts, (rows, LEVELS))


def _solarize(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    threshold = LEVELS * (1 - tf.abs(strengths))[:, None, None, None]
    return tf.where(images < threshold, images, 255 - images)


def _posterize(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    size = 2 ** tf.round(POSTERIZED_BITS * tf.abs(strengths))[:, None, None, None]
    return tf.floor(images / size) * size


def _brightness(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    return adjust_brightness(images, 1 + FACTOR * strengths)


def _contrast(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    return adjust_contrast(images, 1 + FACTOR * strengths)


def _color(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    """Saturation; images of one channel stay as they are."""
    return adjust_saturation(images, 1 + FACTOR * strengths)


def _sharpness(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    return blend(_smooth(images), images, 1 + FACTOR * strengths)


def _smooth(images: tf.Tensor) -> tf.Tensor:
    """Pillow's `ImageFilter.SMOOTH`: neighbours weigh 1, the pixel itself 5; pixels on the border stay."""
    height, width, _ = images.shape[1:]
    if min(height, width) < 3:
        return images
    columns = images[:, :-2] + images[:, 1:-1] + images[:, 2:]
    box = columns[:, :, :-2] + columns[:, :, 1:-1] + columns[:, :, 2:]
    change = (box - 9 * images[:, 1:-1, 1:-1]) / 13
    return images + tf.pad(change, ((0, 0), (1, 1), (1, 1), (0, 0)))


def _rotate(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    height, width, _ = images.shape[1:]
    cos, sin = tf.cos(TURN * strengths), tf.sin(TURN * strengths)
    across = (width - cos * width + sin * height) / 2
    down = (height - sin * width - cos * height) / 2
    return _warp(images, cos, -sin, across, sin, cos, down)


def _shear_x(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    return _warp(images, 1, SHEAR * strengths, 0, 0, 1, 0)


def _shear_y(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    return _warp(images, 1, 0, 0, SHEAR * strengths, 1, 0)


def _translate_x(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    return _warp(images, 1, 0, TRANSLATION * images.shape[2] * strengths, 0, 1, 0)


def _translate_y(images: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
    return _warp(images, 1, 0, 0, 0, 1, TRANSLATION * images.shape[1] * strengths)


def _warp(
    images: tf.Tensor, a: tf.Tensor, b: tf.Tensor, c: tf.Tensor, d: tf.Tensor, e: tf.Tensor, f: tf.Tensor
) -> tf.Tensor:
    """Pillow's `Image.transform` by affine coefficients: column a·column + b·row + c, row d·column + e·row + f."""
    # Pillow's coordinates are those of the pixels' corners, TensorFlow's those of their middles
    coefficients = [a, b, c + (a + b - 1) / 2, d, e, f + (d + e - 1) / 2, 0, 0]
    count = [tf.shape(images)[0]]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([tf.broadcast_to(tf.cast(value, tf.float32), count) for value in coefficients], axis=1),
        output_shape=images.shape[1:3],
        fill_value=GREY,
        interpolation="NEAREST",
        fill_mode="CONSTANT",
    )


OPERATIONS: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "identity": _identity,
    "auto contrast": _auto_contrast,
    "equalize": _equalize,
    "rotate": _rotate,
    "solarize": _solarize,
    "color": _color,
    "posterize": _posterize,
    "contrast": _contrast,
    "brightness": _brightness,
    "sharpness": _sharpness,
    "shear x": _shear_x,
    "shear y": _shear_y,
    "translate x": _translate_x,
    "translate y": _translate_y,
}
