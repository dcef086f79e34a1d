"""A dozen training images before and after augmentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from recognition.augmentation.plan import AugmentationPlan
from recognition.data.dataset import Split
from recognition.errors import InputError
from recognition.pictures.grid import image_grid

T = TypeVar("T")

SHOWN = 12
COLUMNS = 6
COLUMNS_OF_MIXED = 4  # with room for two names
TILE = 128  # pixels a side, about
TILE_OF_MIXED = 256

SMALLEST_SHARE = 0.005  # of a label, to be named

FACTORS = ("brightness", "contrast", "saturation")
NORMALIZATIONS = {
    "samplewise_center": "each image minus its mean",
    "samplewise_std_normalization": "each image divided by its standard deviation",
    "featurewise_center": "each channel minus its mean over the training images",
    "featurewise_std_normalization": "each channel divided by its standard deviation over the training images",
    "zca_whitening": "ZCA whitening",
}


def augmentation_picture(split: Split, plan: AugmentationPlan, class_names: Sequence[str]) -> bytes:
    """Draw twelve images of `split`, spread evenly over it, before and after; the same ones at every call.

    Normalized values are stretched to span black to white.

    Args:
        split: Images of the plan's shape; fewer than twelve are all shown.
        plan: What happens to them, named above the images.
        class_names: A label is an index into them.

    Returns:
        The bytes of a PNG.

    Raises:
        InputError: The split is empty.
    """
    if len(split) == 0:
        raise InputError("there are no images to draw", received="0", expected="1 or more")
    sample = split.take(np.unique(np.linspace(0, len(split) - 1, SHOWN).astype(np.int64)))
    before, columns = sample.images[:], COLUMNS_OF_MIXED if plan.mixes_images else COLUMNS
    after, shares = _after(before, sample.labels, plan, len(class_names))
    names = [f"before: {class_names[label]}" for label in sample.labels]
    titles = [_mixture(share, class_names) for share in shares] if plan.mixes_images else ["after"] * len(sample)
    heading = ["Augmentation: " + "; ".join(options_in_words(plan))]
    images = _in_pairs_of_rows(list(before), list(after), columns)
    titles = _in_pairs_of_rows(names, titles, columns)
    return image_grid(np.stack(images).astype(np.float32), titles, min(columns, len(sample)), _scale(plan), heading)


def options_in_words(plan: AugmentationPlan) -> list[str]:
    """The active options, one phrase each; a single phrase says so where there is none."""
    options = plan.options
    magnitude, both = plan.rand_augment_magnitude, bool(options.mixup and options.cutmix)
    phrases = {
        f"cropped at random out of a mirrored border of {options.random_crop} pixels": options.random_crop,
        f"turned by up to {options.rotation_range:g}° either way": options.rotation_range,
        f"shifted sideways by up to {plan.width_shift:.3g} pixels": plan.width_shift,
        f"shifted up or down by up to {plan.height_shift:.3g} pixels": plan.height_shift,
        "one in two mirrored left to right": options.horizontal_flip,
        "one in two mirrored top to bottom": options.vertical_flip,
        f"RandAugment, {options.rand_augment} of its operations at magnitude {magnitude:g}": options.rand_augment,
        **{f"{key} changed by up to {getattr(options, key):.0%}": getattr(options, key) for key in FACTORS},
        f"hue turned by up to {options.hue:.3g} of the colour wheel": options.hue,
        f"a square of {plan.cutout_side} pixels a side erased (cutout)": options.cutout,
        f"blended with another image (mixup, alpha {options.mixup:g})": options.mixup,
        f"a box of another image pasted in (CutMix, alpha {options.cutmix:g})": options.cutmix,
        "of these two, each image gets one": both,
        **{words: getattr(options, option) for option, words in NORMALIZATIONS.items()},
    }
    return [words for words, active in phrases.items() if active] or ["none, the images stay as they are"]


def _after(
    images: NDArray[np.uint8], labels: NDArray[np.int32], plan: AugmentationPlan, classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Images as the network sees them, as far as a picture can show it, and their targets."""
    # imported here, since TensorFlow takes seconds to load
    from recognition.augmentation.preprocessing import build_preprocessing
    from recognition.augmentation.transform import augment, step_seed

    one_hot = np.eye(classes, dtype=np.float32)[labels]
    after, targets = (tensor.numpy() for tensor in augment(images, one_hot, plan, step_seed(0, 0, 0)))
    if any(getattr(plan.options, option) for option in NORMALIZATIONS):
        after = _stretched(build_preprocessing(plan, "float32")(after).numpy())
    return after, targets


def _stretched(images: NDArray[np.float32]) -> NDArray[np.float32]:
    # without the last per cent on both sides, since the few extremes of whitened images would leave the rest grey
    lowest, highest = np.percentile(images, (1, 99))
    stretched: NDArray[np.float32] = (images - lowest) * (255 / max(highest - lowest, 1e-6))
    return stretched


def _mixture(shares: NDArray[np.float32], class_names: Sequence[str]) -> str:
    """Such as "after: 0.7 cat + 0.3 dog", the larger share first."""
    order = [int(label) for label in np.argsort(-shares)[:2] if shares[label] >= SMALLEST_SHARE]
    if len(order) == 1:
        return f"after: {class_names[order[0]]}"
    return "after: " + " + ".join(f"{round(float(shares[label]), 2):g} {class_names[label]}" for label in order)


def _in_pairs_of_rows(before: Sequence[T], after: Sequence[T], columns: int) -> list[T]:
    rows = [slice(start, start + columns) for start in range(0, len(before), columns)]
    return [item for row in rows for item in (*before[row], *after[row])]


def _scale(plan: AugmentationPlan) -> int:
    tile = TILE_OF_MIXED if plan.mixes_images else TILE
    return max(1, tile // max(plan.image_shape[:2]))
