"""Download of a data set's archive: written under a temporary name, moved into place when its digest fits."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from recognition.data.archive import read_members
from recognition.errors import InputError

ATTEMPTS = 3
PAUSE = 1.0  # seconds before the second attempt, twice that before the third
PATIENCE = 8.0  # seconds without a single byte after which another attempt is no use: there is no network
CONNECT_TIMEOUT, READ_TIMEOUT = 4.0, 30.0  # seconds
CHUNK = 2**16  # bytes

Fetch = Callable[[str, str], None]  # address, file to write


class DownloadError(Exception):
    """An address did not deliver; the text says why."""


def download(url: str, target: Path, digest: str | None) -> None:
    """Download a tar archive.

    Args:
        url: An http, https or file address.
        target: File to write; its folder is made where missing.
        digest: Expected digest such as "md5:03b5…"; None accepts any complete tar archive.

    Raises:
        DownloadError: The address cannot be reached or does not deliver the whole file.
        InputError: What arrived is not the expected file (nothing is kept), or it cannot be stored.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")  # its hints speak to programmers
    fetch = _copy if url.startswith("file:") else _fetch
    try:
        pooch.retrieve(url, digest, fname=target.name, path=target.parent, downloader=_checked(fetch, digest))
    except ValueError as error:
        received, remedy = str(error), "try again; if it stays, check data.url and data.digest"
        raise InputError(f"The download from {url} is refused", received=received, remedy=remedy) from error
    except OSError as error:
        raise InputError(
            f"The download cannot be stored in {target.parent}",
            received=str(error),
            expected="a folder that can be written, with space for the archive",
            remedy="free some space or mend its permissions, or name an archive elsewhere as data.path",
        ) from error


def _checked(fetch: Fetch, digest: str | None) -> Callable[[str, str, object], None]:
    """A downloader for pooch that, without a digest, lets no proxy's page of apology into the cache."""

    def downloader(url: str, output: str, _: object) -> None:
        fetch(url, output)
        if digest is None:
            _check_archive(output)

    return downloader


def _check_archive(output: str) -> None:
    try:
        read_members(Path(output), names=())
    except InputError as error:
        problem = error.problem.replace(output, "what arrived")
        raise ValueError(f"{problem}: {error.received}") from error


def _fetch(url: str, output: str) -> None:
    import pooch
    import requests

    on_terminal = sys.stderr.isatty()
    http = pooch.HTTPDownloader(progressbar=on_terminal, chunk_size=CHUNK, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT))
    begun = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            http(url, output, None)
            return
        except requests.RequestException as error:
            unreachable = time.monotonic() - begun > PATIENCE and Path(output).stat().st_size == 0
            if attempt == ATTEMPTS or unreachable:
                raise DownloadError(f"{url}: {_cause(error)}") from error
        time.sleep(PAUSE * attempt)


def _cause(error: Exception) -> object:
    """What went wrong below; requests wraps it into a sentence that repeats the address."""
    return getattr(error.args[0], "reason", error) if error.args else error


def _copy(url: str, output: str) -> None:
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise ValueError("a file address has three slashes: file:///folder/file")
    source = Path(url2pathname(parts.path))
    if not source.is_file():
        raise DownloadError(f"{url}: no such file")
    shutil.copyfile(source, output)
