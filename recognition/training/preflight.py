"""Checks of a configuration against its data, before any work starts."""

from __future__ import annotations

import numpy as np

from recognition.augmentation.plan import check_plan
from recognition.configuration.schema import RunConfig
from recognition.data.dataset import ImageDataset
from recognition.data.splits import fold_numbers
from recognition.errors import InputError
from recognition.networks import SMALLEST_SIZES, WITHOUT_BATCH_NORM
from recognition.training.class_weights import check_class_weights
from recognition.training.distribution import is_shared

SMALLEST_STAGE = 9  # pixels that three poolings leave one of, after the first convolution


def check_fits(config: RunConfig, dataset: ImageDataset) -> None:
    """Check that batches, network, augmentation and class weights fit the images.

    Args:
        config: The configuration that the run uses.
        dataset: The data that it names.

    Raises:
        InputError: If one does not fit.
    """
    _check_repeats(config, dataset)
    _check_tail(config)
    _check_batch(config, _training_images(config, dataset))
    _check_size(config, dataset.image_shape)
    _check_stages(config, dataset.image_shape)
    check_class_weights(config.train.class_weights, dataset.classes)
    check_plan(config.augmentation, dataset.splits["train"])


def _check_repeats(config: RunConfig, dataset: ImageDataset) -> None:
    folds = config.data.folds
    if folds is not None and config.train.seeds is not None:
        raise InputError(
            "data.folds and train.seeds are both set",
            received=f"data.folds: {folds}, train.seeds: {list(config.train.seeds)}",
            expected="one of them",
            remedy="--set train.seeds=null",
        )
    if config.calibrate is not None and (
        several := _several(config, "train.init", "train.seeds", "data.folds", "train.workers")
    ):
        raise InputError(
            "a calibration trains from random weights, with one seed and one split",
            received=several,
            expected="none of train.init, train.seeds, data.folds and train.workers",
            remedy="remove it, or the section calibrate",
        )
    is_repeated = folds is not None or config.train.seeds is not None
    if is_repeated and is_shared(config.train):
        raise InputError(
            "several workers train one network, and not one for each seed or fold",
            received="data.folds or train.seeds, with train.workers or workers in TF_CONFIG",
            expected="neither of the two",
            remedy="--set data.folds=null --set train.seeds=null",
        )
    train, validation = (dataset.splits[side].counts(len(dataset.classes)) for side in ("train", "validation"))
    counts = train + validation
    if folds is not None and counts.min() < folds:
        raise InputError(
            "a class has fewer images than there are folds",
            received=f"{counts.min()} images of {dataset.classes[counts.argmin()]}, data.folds: {folds}",
            expected=f"at least {folds} images of each class to train and validate on",
            remedy=f"--set data.folds={max(2, counts.min())}, or leave that class out",
        )


def _check_tail(config: RunConfig) -> None:
    if config.train.tail is None:
        return
    several = _several(config, "train.seeds", "data.folds")
    if config.calibrate is not None or several or is_shared(config.train):
        raise InputError(
            "one process goes on with one finished training",
            received=several or ("a section calibrate" if config.calibrate else "several workers"),
            expected="train.tail without seeds, folds, calibration and workers",
            remedy="remove it, or train.tail",
        )


def _several(config: RunConfig, *keys: str) -> str:
    """Those of the keys that are set, with their values."""
    train = config.train
    workers = train.workers if train.workers > 1 else None
    values = {"train.init": train.init, "train.seeds": train.seeds, "data.folds": config.data.folds}
    values["train.workers"] = workers
    return ", ".join(f"{key}: {values[key]}" for key in keys if values[key] is not None)


def _training_images(config: RunConfig, dataset: ImageDataset) -> int:
    """How many images are trained on; with folds, where they are fewest."""
    folds, train = config.data.folds, dataset.splits["train"]
    if folds is None:
        return len(train)
    pooled = (train, dataset.splits["validation"])
    labels, hashes = (np.concatenate([getattr(side, name) for side in pooled]) for name in ("labels", "hashes"))
    held_out = np.bincount(fold_numbers(labels, hashes, folds), minlength=folds)
    return int(len(labels) - held_out.max())


def _check_batch(config: RunConfig, images: int) -> None:
    size, batches = config.train.batch_size, config.train.accumulate
    if size > images:
        raise InputError(
            "train.batch_size is larger than the training split",
            received=f"train.batch_size: {size}",
            expected=f"at most {images}, the number of training images",
            remedy=f"--set train.batch_size={max(1, min(128, images // 2))}",
        )
    if size * batches > images:
        raise InputError(
            "one step takes more images than the training split has",
            received=f"train.accumulate: {batches} batches of train.batch_size: {size}",
            expected=f"at most {images} images in a step",
            remedy=f"--set train.accumulate={images // size}",
        )
    if size == 1 and config.train.network not in WITHOUT_BATCH_NORM:
        raise InputError(
            f"train.network {config.train.network} cannot learn from one image at a time",
            received="train.batch_size: 1",
            expected="2 or more, as batch normalization compares the images of a batch",
            remedy="--set train.batch_size=16, with train.accumulate for larger steps",
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
    smallest, shortest = SMALLEST_SIZES[config.train.network], min(shape[:2])
    if shortest < smallest:
        raise InputError(
            f"train.network {config.train.network} is too deep for these images",
            received=f"images of {shape[0]}x{shape[1]} pixels",
            expected=f"at least {smallest}x{smallest}",
            remedy="--set train.network=fast" if shortest >= SMALLEST_SIZES["fast"] else "use larger images",
        )
