"""Checks of a configuration against its data, before any work starts."""

from __future__ import annotations

from recognition.augmentation.plan import check_plan
from recognition.configuration.schema import RunConfig
from recognition.data.dataset import ImageDataset
from recognition.errors import InputError
from recognition.networks import SMALLEST_SIZES
from recognition.training.class_weights import check_class_weights

SMALLEST_STAGE = 9  # pixels that three poolings leave one of, after the first convolution


def check_fits(config: RunConfig, dataset: ImageDataset) -> None:
    """Check that batches, network, augmentation and class weights fit the images.

    Args:
        config: The configuration that the run uses.
        dataset: The data that it names.

    Raises:
        InputError: If one does not fit.
    """
    _check_batch(config, len(dataset.splits["train"]))
    _check_size(config, dataset.image_shape)
    _check_stages(config, dataset.image_shape)
    check_class_weights(config.train.class_weights, dataset.classes)
    check_plan(config.augmentation, dataset.splits["train"])


def _check_batch(config: RunConfig, images: int) -> None:
    if config.train.batch_size > images:
        raise InputError(
            "train.batch_size is larger than the training split",
            received=f"train.batch_size: {config.train.batch_size}",
            expected=f"at most {images}, the number of training images",
            remedy=f"--set train.batch_size={max(1, min(128, images // 2))}",
        )


def _check_stages(config: RunConfig, shape: tuple[int, int, int]) -> None:
    height, width, _ = shape
    wrong = [size for size in map(int, config.train.sizes or {}) if not SMALLEST_STAGE <= size < height]
    if config.train.sizes and (wrong or height != width):
        raise InputError(
            "train.sizes does not fit these images",
            received=f"{', '.join(config.train.sizes)} pixels, for images of {height}x{width}",
            expected=f"square images, and sizes from {SMALLEST_STAGE} pixels to below theirs",
            remedy="--set train.sizes=null",
        )


def _check_size(config: RunConfig, shape: tuple[int, int, int]) -> None:
    smallest = SMALLEST_SIZES[config.train.network]
    if min(shape[:2]) < smallest:
        fitting = [name for name, size in SMALLEST_SIZES.items() if size <= min(shape[:2])]
        raise InputError(
            f"train.network {config.train.network} is too deep for these images",
            received=f"images of {shape[0]}x{shape[1]} pixels",
            expected=f"at least {smallest}x{smallest}",
            remedy=f"--set train.network={fitting[0]}" if fitting else "use larger images",
        )
