"""Where CIFAR-100 is: data.path, RECOGNITION_DATA, the cache, or else its official address."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from recognition.addresses import ENVIRONMENT as ENVIRONMENT_REFERENCE
from recognition.configuration.sections.data import DataConfig
from recognition.data.archive import file_digest
from recognition.data.cifar100 import FILES, FOLDER
from recognition.data.download import DownloadError, download
from recognition.data.remote.address import is_remote
from recognition.data.remote.mirror import mirror
from recognition.errors import InputError

ENVIRONMENT = "RECOGNITION_DATA"
ARCHIVE = f"{FOLDER}.tar.gz"
OFFICIAL_URL = f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}"
OFFICIAL_DIGEST = "md5:03b5dce01913d631647c71ecec9e9cb8"
OFFICIAL_SIZE = 168_513_733  # bytes

logger = logging.getLogger(__name__)


class DataUnavailableError(InputError):
    """The data set is neither here nor can it be downloaded; a fallback may stand in."""


def locate_cifar100(config: DataConfig, cache: Path) -> Path:
    """Find CIFAR-100, or download it into the cache.

    `data.path` comes first, then the environment variable RECOGNITION_DATA, then the cache; each may be the archive,
    the folder that it unpacks to, or the folder that holds either, and the first two may lie at s3:// and the like, of
    which the cache keeps a mirror. Downloads from `data.url`, else from the official address.

    Args:
        config: Section `data` of the configuration.
        cache: Folder for downloads; made where missing.

    Returns:
        The archive or a folder with the unpacked files, absolute. `data.digest` has been compared where it is given.

    Raises:
        DataUnavailableError: It is not here and cannot be downloaded.
        InputError: data.path or RECOGNITION_DATA names something else; a digest does not fit; the cache cannot be
            written; as of `mirror`.
    """
    place = _named(config, cache) or _look_in(cache)
    if place is None:
        return _download(config, cache).absolute()
    if config.digest is not None:
        _check_digest(place, config.digest)
    return place.absolute()


def _named(config: DataConfig, cache: Path) -> Path | None:
    """The place that data.path or RECOGNITION_DATA names; None where neither is set."""
    for setting, text in (("data.path", config.path), (ENVIRONMENT, os.environ.get(ENVIRONMENT) or None)):
        if text is not None:
            return _require(setting, text, cache)
    return None


def _require(setting: str, text: str, cache: Path) -> Path:
    path = mirror(text, cache) if is_remote(text) else Path(os.path.expanduser(text))
    place = _look_in(path)
    if place is None:
        kind = "which holds no CIFAR-100" if os.path.exists(path) else "which does not exist"
        raise InputError(
            f"{setting} names no CIFAR-100",
            received=f"{text!r}, {kind}",
            expected=f"{ARCHIVE}, the folder that it unpacks to, or the folder that holds either",
            remedy=f"correct {setting}, or leave it out to use the cache or a download",
        )
    return place


def _look_in(path: Path) -> Path | None:
    """The archive or unpacked folder at `path`, None where there is none."""
    if os.path.isfile(path) or any(os.path.isfile(path / name) for name in FILES):
        return path
    if os.path.isfile(path / ARCHIVE):
        return path / ARCHIVE
    return path / FOLDER if os.path.isdir(path / FOLDER) else None


def _check_digest(place: Path, digest: str) -> None:
    if os.path.isdir(place):
        received, remedy = f"the folder {place}", "leave data.digest out, or name the archive"
        raise InputError("data.digest is for an archive", received=received, expected="a file", remedy=remedy)
    algorithm, _, expected = digest.partition(":")
    actual = file_digest(place, algorithm)
    if actual != expected:
        raise InputError(
            f"{place} is not the file that data.digest asks for",
            received=f"{algorithm}:{actual}",
            expected=digest,
            remedy="fetch the archive again, or correct data.digest",
        )


def _url(setting: str | None) -> str:
    named = ENVIRONMENT_REFERENCE.fullmatch(setting or "")
    if named is None:
        return setting or OFFICIAL_URL
    url = os.environ.get(named[1], "")
    if not re.fullmatch(r"(https?|file)://\S+", url):
        raise InputError(
            "data.url names a variable that holds no address",
            received=f"{setting}, which is {'set' if url else 'not set'}",
            expected="a value that starts with http://, https:// or file://",
            remedy=f"export {named[1]}=…, also where a scheduler or a pod starts the run",
        )
    return url


def _download(config: DataConfig, cache: Path) -> Path:
    url, digest, target = _url(config.url), config.digest, cache / ARCHIVE
    if config.url is None and digest is None:
        digest = OFFICIAL_DIGEST
    logger.info("Downloading %s to %s", config.url or url, target)
    try:
        download(url, target, digest, config.url or url)
    except DownloadError as error:
        raise DataUnavailableError(
            "CIFAR-100 is not on this machine and cannot be downloaded",
            received=str(error)[:500],
            expected=f"{OFFICIAL_URL}, {OFFICIAL_SIZE:,} bytes, {OFFICIAL_DIGEST}",
            remedy=f"name the archive as data.path or in {ENVIRONMENT}, or put it at {target.absolute()}",
        ) from error
    return target
