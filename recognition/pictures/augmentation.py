"""A dozen training images before and after augmentation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.augmentation.plan import AugmentationPlan
from recognition.data.dataset import Split
from recognition.errors import InputError
from recognition.pictures.grid import image_grid

SHOWN = 12
COLUMNS = 6
TILE = 128  # pixels a side, about

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
    names = [class_names[label] for label in sample.labels]
    images, titles = _in_pairs_of_rows(sample.images, _after(sample.images, plan), names)
    heading = ["Augmentation: " + "; ".join(options_in_words(plan))]
    return image_grid(images, titles, min(COLUMNS, len(sample)), _scale(plan), heading)


def options_in_words(plan: AugmentationPlan) -> list[str]:
    """The active options, one phrase each; a single phrase says so where there is none."""
    options = plan.options
    phrases = {
        f"turned by up to {options.rotation_range:g}° either way": options.rotation_range,
        f"shifted sideways by up to {plan.width_shift:.3g} pixels": plan.width_shift,
        f"shifted up or down by up to {plan.height_shift:.3g} pixels": plan.height_shift,
        "one in two mirrored left to right": options.horizontal_flip,
        "one in two mirrored top to bottom": options.vertical_flip,
        **{words: getattr(options, option) for option, words in NORMALIZATIONS.items()},
    }
    return [words for words, active in phrases.items() if active] or ["none, the images stay as they are"]


def _after(images: NDArray[np.uint8], plan: AugmentationPlan) -> NDArray[np.float32]:
    # imported here, since TensorFlow takes seconds to load
    from recognition.augmentation.preprocessing import build_preprocessing
    from recognition.augmentation.transform import augment, step_seed

    after: NDArray[np.float32] = augment(images, plan, step_seed(0, 0, 0)).numpy()
    if not any(getattr(plan.options, option) for option in NORMALIZATIONS):
        return after
    after = build_preprocessing(plan, "float32")(after).numpy()
    # without the last per cent on both sides, since the few extremes of whitened images would leave the rest grey
    lowest, highest = np.percentile(after, (1, 99))
    stretched: NDArray[np.float32] = (after - lowest) * (255 / max(highest - lowest, 1e-6))
    return stretched


def _in_pairs_of_rows(
    before: NDArray[np.uint8], after: NDArray[np.float32], names: list[str]
) -> tuple[NDArray[np.float32], list[str]]:
    images: list[NDArray[np.generic]] = []
    titles: list[str] = []
    for start in range(0, len(names), COLUMNS):
        row = slice(start, start + COLUMNS)
        images += [*before[row], *after[row]]
        titles += [f"before: {name}" for name in names[row]] + ["after"] * len(names[row])
    return np.stack(images).astype(np.float32), titles


def _scale(plan: AugmentationPlan) -> int:
    return max(1, TILE // max(plan.image_shape[:2]))
