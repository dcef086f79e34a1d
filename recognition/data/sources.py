"""Sources of image data: which there are, and how a configuration becomes a data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from recognition.configuration.schema import DataConfig
from recognition.data.cifar100 import read_cifar100
from recognition.data.dataset import ImageDataset
from recognition.data.digits import read_digits
from recognition.data.duplicates import count_duplicates
from recognition.data.location import DataUnavailableError, locate_cifar100
from recognition.data.published import PublishedDataset
from recognition.data.splits import hold_out, limit


class Source(NamedTuple):
    """A kind of data set: `locate` finds or downloads it, `read` decodes what `locate` found."""

    locate: Callable[[DataConfig, Path], Path | None]
    read: Callable[[DataConfig, Path], PublishedDataset]


class ResolvedSource(NamedTuple):
    """The configuration to use, and why it is not the one that was given where that is so."""

    config: DataConfig
    fallback_used: bool
    reason: str


SOURCES: dict[str, Source] = {
    "cifar100": Source(locate_cifar100, lambda config, cache: read_cifar100(locate_cifar100(config, cache))),
    "digits": Source(lambda config, cache: None, lambda config, cache: read_digits()),
}


def resolve_source(config: DataConfig, cache: Path) -> ResolvedSource:
    """Find the data, downloading it where it is not here, or settle for the fallback.

    Args:
        config: Section `data` of the configuration.
        cache: Folder for downloads.

    Returns:
        `config` itself; or, where its data is unavailable and it names a fallback, one for that source with the same
        validation share and seed and no train limit, and the reason in one line.

    Raises:
        DataUnavailableError: The data is unavailable and there is no fallback.
        InputError: Anything else that is wrong with the data or the configuration: no fallback covers that up.
    """
    try:
        SOURCES[config.source].locate(config, cache)
    except DataUnavailableError as error:
        if config.fallback is None:
            raise
        fallback = DataConfig(source=config.fallback.source, validation=config.validation, seed=config.seed)
        return ResolvedSource(fallback, True, " ".join(f"{error.problem}: {error.received}".split()))
    return ResolvedSource(config, False, "")


def read_dataset(config: DataConfig, cache: Path) -> ImageDataset:
    """Read a data set and hold its validation split out of train.

    Args:
        config: Section `data` of the configuration.
        cache: Folder for downloads.

    Returns:
        Splits train, validation and test. The limit on train images cuts neither validation nor test; duplicates are
        counted over the parts as published.

    Raises:
        DataUnavailableError: The data is not here and cannot be downloaded.
        InputError: The data is damaged, or a class has too few images to hold one out.
    """
    return split_published(read_published(config, cache), config)


def read_published(config: DataConfig, cache: Path) -> PublishedDataset:
    """Read a data set as its source publishes it; arguments and errors as for `read_dataset`."""
    return SOURCES[config.source].read(config, cache)


def split_published(published: PublishedDataset, config: DataConfig) -> ImageDataset:
    """Hold validation out of a published train part, then limit train."""
    labels = published.train.labels
    train, validation = hold_out(labels, config.validation, config.seed)
    if config.train_limit is not None:
        train = train[limit(labels[train], config.train_limit, config.seed)]
    splits = {"train": published.train.take(train), "validation": published.train.take(validation)}
    return ImageDataset(
        name=published.name,
        splits={**splits, "test": published.test},
        classes=published.classes,
        superclasses=published.superclasses,
        superclass_of=published.superclass_of,
        duplicates=count_duplicates({"train": published.train.hashes, "test": published.test.hashes}),
        source_digest=published.digest,
        notes=published.notes,
    )
