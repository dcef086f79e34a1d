"""Random rotations, shifts and flips of whole batches, each image by its own draw.

They are those of Keras' ImageDataGenerator as TensorFlow operations, with two repairs. In Keras 3.15
`apply_affine_transform` swaps its axes, so `height_shift_range` moves images sideways, and an image that is not square
turns about a point beside its centre. Here a height shift goes up and down, as documented, and every image turns about
its centre. For square images and equal ranges both draw the same distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import pi
from typing import NamedTuple

import tensorflow as tf

from recognition.augmentation.plan import AugmentationPlan


class Transforms(NamedTuple):
    """One draw for each of the b images of a batch.

    Attributes:
        theta: float32, (b,), rotation in degrees; ImageDataGenerator's theta.
        row_shift: float32, (b,), pixels: row r shows what was at r + row_shift; ImageDataGenerator's ty.
        column_shift: float32, (b,), pixels, likewise; ImageDataGenerator's tx.
        horizontal_flip: bool, (b,), whether left and right change places, after rotation and shift.
        vertical_flip: bool, (b,), whether top and bottom do.
    """

    theta: tf.Tensor
    row_shift: tf.Tensor
    column_shift: tf.Tensor
    horizontal_flip: tf.Tensor
    vertical_flip: tf.Tensor


def draw_transforms(plan: AugmentationPlan, batch: int | tf.Tensor, seed: tf.Tensor) -> Transforms:
    """Draw a rotation, a shift and flips for each image.

    Angles and shifts are uniform within ± their range, flips have probability 1/2, as in ImageDataGenerator. Shifts of
    1 and more are fractions of a pixel too, as Keras draws them from `width_shift_range=2.0`; from the integer 2 it
    would draw whole pixels, -1 to 1.

    Args:
        plan: The ranges.
        batch: Number of images.
        seed: int32, (2,). The draw of an image depends on it and on the image's place in the batch only.
    """
    uniform = tf.random.stateless_uniform((batch, 5), seed, alg="philox")
    theta, rows, columns, horizontal, vertical = tf.unstack(uniform, axis=1)
    return Transforms(
        theta=(2 * theta - 1) * plan.options.rotation_range,
        row_shift=(2 * rows - 1) * plan.height_shift,
        column_shift=(2 * columns - 1) * plan.width_shift,
        horizontal_flip=horizontal < 0.5 * plan.options.horizontal_flip,
        vertical_flip=vertical < 0.5 * plan.options.vertical_flip,
    )


def apply_transforms(images: tf.Tensor, transforms: Transforms, plan: AugmentationPlan) -> tf.Tensor:
    """Move each image by its draw: bilinear, and outside the image the nearest pixel.

    Args:
        images: uint8 or float32, (b, height, width, channels).
        transforms: One draw for each image.
        plan: A draw whose range is 0 is ignored; without rotation moving is several times as fast.

    Returns:
        float32, (b, height, width, channels).
    """
    images = tf.convert_to_tensor(images)
    if not plan.moves_images:
        return tf.cast(images, tf.float32)
    if plan.options.rotation_range:
        moved = _resample(tf.cast(images, tf.float32), transforms, plan)
    else:
        moved = compiled(_shift_and_flip)(images, *_coordinates(transforms, plan))
    return tf.ensure_shape(moved, images.shape)


@cache
def compiled(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """Let XLA compile what moves pixels: two to four times as fast on CPUs as one operation after the other.

    Where there is a GPU it stays as it is: nobody has measured it there yet.
    """
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    return tf.function(function, autograph=False, jit_compile=None if on_gpu else True)  # type: ignore[no-any-return]


def _coordinates(transforms: Transforms, plan: AugmentationPlan) -> tuple[tf.Tensor, tf.Tensor]:
    """Where rows, (b, height), and columns, (b, width), come from: float32, or int32 where nothing shifts."""
    height, width, _ = plan.image_shape
    rows = _places(height, transforms.vertical_flip)
    columns = _places(width, transforms.horizontal_flip)
    return (
        _shifted(rows, transforms.row_shift) if plan.height_shift else rows,
        _shifted(columns, transforms.column_shift) if plan.width_shift else columns,
    )


def _places(size: int, flip: tf.Tensor) -> tf.Tensor:
    places = tf.range(size)
    return tf.where(flip[:, None], size - 1 - places, places)


def _shifted(places: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(tf.cast(places, tf.float32) + shift[:, None], 0, places.shape[1] - 1)


def _shift_and_flip(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    # whole rows are gathered several times as fast as single pixels, so the columns become rows for a while
    images = tf.transpose(_take_rows(images, rows), (0, 2, 1, 3))
    return tf.cast(tf.transpose(_take_rows(images, columns), (0, 2, 1, 3)), tf.float32)


def _take_rows(images: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    """Rows of each image as they are, or interpolated where their numbers are not whole."""
    if rows.dtype.is_integer:
        return tf.gather(images, rows, axis=1, batch_dims=1)
    lower = tf.floor(rows)
    first = tf.cast(lower, tf.int32)
    second = tf.minimum(first + 1, images.shape[1] - 1)
    above = tf.cast(tf.gather(images, first, axis=1, batch_dims=1), tf.float32)
    below = tf.cast(tf.gather(images, second, axis=1, batch_dims=1), tf.float32)
    return above + (below - above) * (rows - lower)[:, :, None, None]


def _resample(images: tf.Tensor, transforms: Transforms, plan: AugmentationPlan) -> tf.Tensor:
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=_affine(transforms, plan),
        output_shape=plan.image_shape[:2],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )


def _affine(transforms: Transforms, plan: AugmentationPlan) -> tf.Tensor:
    """Where output pixels come from, column = a·column + b·row + c and row = d·column + e·row + f: float32, (b, 8)."""
    row_centre, column_centre = (plan.image_shape[0] - 1) / 2, (plan.image_shape[1] - 1) / 2
    cos, sin = tf.cos(transforms.theta * (pi / 180)), tf.sin(transforms.theta * (pi / 180))
    across = tf.where(transforms.horizontal_flip, -1.0, 1.0)
    down = tf.where(transforms.vertical_flip, -1.0, 1.0)
    a, b, d, e = cos * across, -sin * down, sin * across, cos * down
    rows, columns = transforms.row_shift, transforms.column_shift
    c = column_centre - sin * rows + cos * columns - a * column_centre - b * row_centre
    f = row_centre + cos * rows + sin * columns - d * column_centre - e * row_centre
    return tf.stack([a, b, c, d, e, f, tf.zeros_like(a), tf.zeros_like(a)], axis=1)
