"""Brightness, contrast, saturation and hue, each image by its own draw."""

from __future__ import annotations

import tensorflow as tf

from recognition.augmentation.plan import AugmentationPlan

GREY = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601, as in Pillow


def jitter_colors(images: tf.Tensor, plan: AugmentationPlan, seed: tf.Tensor) -> tf.Tensor:
    """Change brightness, contrast, saturation and hue, in this order, by uniform draws.

    Args:
        images: float32, (b, height, width, channels), 0–255.
        plan: How far: factors within 1 ± x, and turns of the colour wheel within ± x.
        seed: int32, (2,). The draw of an image depends on it and on the image's place in the batch only.

    Returns:
        float32, (b, height, width, channels), 0–255.
    """
    options = plan.options
    draws = tf.random.stateless_uniform((tf.shape(images)[0], 4), seed, -1, 1, alg="philox")
    brightness, contrast, saturation, hue = tf.unstack(draws, axis=1)
    if options.brightness:
        images = adjust_brightness(images, 1 + options.brightness * brightness)
    if options.contrast:
        images = adjust_contrast(images, 1 + options.contrast * contrast)
    if options.saturation:
        images = adjust_saturation(images, 1 + options.saturation * saturation)
    return turn_hue(images, options.hue * hue) if options.hue else images


def adjust_brightness(images: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Multiply and clip, as Pillow's `ImageEnhance.Brightness`: images float32 0–255, factors float32 (b,)."""
    return blend(tf.zeros(()), images, factors)


def adjust_contrast(images: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Spread values about the image's mean grey and clip, as `ImageEnhance.Contrast`; arguments as above."""
    return blend(_grey(tf.reduce_mean(images, axis=(1, 2), keepdims=True)), images, factors)


def adjust_saturation(images: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Spread each pixel's values about its grey and clip, as `ImageEnhance.Color`; arguments as above."""
    return blend(_grey(images), images, factors)


def turn_hue(images: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
    """Turn the colour wheel of HSV: images float32 (b, height, width, 3) 0–255, turns float32 (b,), -1 to 1."""
    hue, saturation, value = tf.unstack(tf.image.rgb_to_hsv(images / 255), axis=-1)
    hue = tf.math.floormod(hue + turns[:, None, None], 1)
    return tf.image.hsv_to_rgb(tf.stack([hue, saturation, value], axis=-1)) * 255


def blend(base: tf.Tensor, images: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Go from `base` (factor 0) to the images (1) or beyond, and clip to 0–255, as Pillow's `Image.blend`."""
    return tf.clip_by_value(base + (images - base) * factors[:, None, None, None], 0, 255)


def _grey(images: tf.Tensor) -> tf.Tensor:
    """Of one channel, or of three alike."""
    if images.shape[-1] == 1:
        return images
    return sum(weight * images[..., i : i + 1] for i, weight in enumerate(GREY))
