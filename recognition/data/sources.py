"""Sources of image data: which there are, and how a configuration becomes a data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from recognition.configuration.sections.data import OWN_SOURCES, DataConfig
from recognition.data.cifar100 import read_cifar100
from recognition.data.dataset import ImageDataset
from recognition.data.digits import read_digits
from recognition.data.duplicates import count_duplicates, without_duplicates
from recognition.data.location import DataUnavailableError, locate_cifar100
from recognition.data.own_images import read_own_images
from recognition.data.published import PublishedDataset
from recognition.data.splits import hold_out, limit_train


class Source(NamedTuple):
    """A kind of data set: `locate` finds or downloads it, `read` reads and divides what `locate` found."""

    locate: Callable[[DataConfig, Path], Path | None]
    read: Callable[[DataConfig, Path], Reading]


class Reading(NamedTuple):
    """A data set, and the files that it was read from."""

    dataset: ImageDataset
    files: tuple[Path, ...]


def fallback_reason(config: DataConfig, cache: Path) -> str:
    """Find the data, downloading it where it is not here, or settle for the fallback.

    Args:
        config: Section `data` of the configuration.
        cache: Folder for downloads.

    Returns:
        Why the fallback has to stand in, in one line; "" where the data is there.

    Raises:
        DataUnavailableError: The data is unavailable and there is no fallback.
        InputError: Anything else that is wrong with the data or the configuration: no fallback covers that up.
    """
    try:
        SOURCES[config.source].locate(config, cache)
    except DataUnavailableError as error:
        if config.fallback is None:
            raise
        return " ".join(f"{error.problem}: {error.received}".split())
    return ""


def read_dataset(config: DataConfig, cache: Path) -> ImageDataset:
    """Read a data set and divide it into train, validation and test.

    Args:
        config: Section `data` of the configuration.
        cache: Folder for downloads.

    Returns:
        Splits train, validation and test. The limit on train images cuts neither validation nor test; duplicates of
        a published data set are counted over the parts as published.

    Raises:
        DataUnavailableError: The data is not here and cannot be downloaded.
        InputError: The data is damaged, or a class has too few images to hold one out.
    """
    return read_source(config, cache).dataset


def read_source(config: DataConfig, cache: Path) -> Reading:
    """Read a data set and tell from which files; arguments and errors as for `read_dataset`."""
    return SOURCES[config.source].read(config, cache)


def _read_cifar100(config: DataConfig, cache: Path) -> Reading:
    return _split_published(read_cifar100(locate_cifar100(config, cache)), config)


def _read_digits(config: DataConfig, cache: Path) -> Reading:
    return _split_published(read_digits(), config)


def _read_own(config: DataConfig, cache: Path) -> Reading:
    return Reading(*read_own_images(config, cache))


def _split_published(published: PublishedDataset, config: DataConfig) -> Reading:
    """Hold validation and gate out of a published train part, settle duplicates, then limit train."""
    labels = published.train.labels
    train, validation = hold_out(labels, config.validation, config.seed)
    sides = {"train": train, "validation": validation}
    if config.gate:
        kept, judging = hold_out(labels[train], config.gate, config.seed)
        sides |= {"train": train[kept], "gate": train[judging]}
    hashes = np.concatenate([published.train.hashes, published.test.hashes])
    chosen = {**sides, "test": np.arange(len(published.test)) + len(labels)}
    chosen = without_duplicates(chosen, hashes, config.duplicates or "keep")
    chosen = limit_train(chosen, labels, config.train_limit, config.seed)
    splits = {side: published.train.take(chosen[side]) for side in sides}
    dataset = ImageDataset(
        name=published.name,
        splits={**splits, "test": published.test},
        classes=published.classes,
        superclasses=published.superclasses,
        superclass_of=published.superclass_of,
        duplicates=count_duplicates({"train": published.train.hashes, "test": published.test.hashes}),
        source_digest=published.digest,
        notes=published.notes,
    )
    return Reading(dataset, published.files)


SOURCES: dict[str, Source] = {
    "cifar100": Source(locate_cifar100, _read_cifar100),
    "digits": Source(lambda config, cache: None, _read_digits),
    **dict.fromkeys(OWN_SOURCES, Source(lambda config, cache: None, _read_own)),
}
