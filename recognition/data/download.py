"""Download of a data set's archive: it arrives in a folder of its own, and is moved into place when its digest fits."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname

from filelock import FileLock

from recognition.addresses import without_secrets
from recognition.data.archive import ARCHIVE_LIMIT, read_members
from recognition.data.incoming import emptied
from recognition.errors import InputError

if TYPE_CHECKING:
    import requests

ATTEMPTS = 3
PAUSE = 1.0  # seconds before the second attempt, twice that before the third
PATIENCE = 8.0  # seconds without a single byte after which another attempt is no use: there is no network
CONNECT_TIMEOUT, READ_TIMEOUT = 4.0, 30.0  # seconds
CHUNK = 2**16  # bytes
LONGEST = 7200.0  # seconds for an archive: a server may send a byte now and then for ever

Fetch = Callable[[str, str], None]  # address, file to write


class DownloadError(Exception):
    """An address did not deliver; the text says why."""


def download(url: str, target: Path, digest: str | None, name: str | None = None) -> None:
    """Download a tar archive, while others who want it wait; who comes late finds it.

    Args:
        url: An http, https or file address.
        target: File to write; its folder is made where missing, with a lock, and `incoming` while the file arrives.
        digest: Expected digest such as "md5:03b5…"; None accepts any complete tar archive.
        name: What the address is called in messages, where it is a secret; None for itself.

    Raises:
        DownloadError: The address cannot be reached or does not deliver the whole file.
        InputError: What arrived is not the expected file (nothing is kept), or it cannot be stored.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.parent / "incoming.lock"):
            if not _is_there(target, digest):
                _retrieve(url, target, digest)
    except DownloadError as error:
        raise DownloadError(f"{name or url}: {_shown(error, url, name)}") from None
    except ValueError as error:
        received, remedy = _shown(error, url, name), "try again; if it stays, check data.url and data.digest"
        raise InputError(f"The download from {name or url} is refused", received=received, remedy=remedy) from None
    except OSError as error:
        raise InputError(
            f"The download cannot be stored in {target.parent}",
            received=str(error),
            expected="a folder that can be written, with space for the archive",
            remedy="free some space or mend its permissions, or name an archive elsewhere as data.path",
        ) from error


def _is_there(target: Path, digest: str | None) -> bool:
    import pooch

    algorithm, _, expected = (digest or "").rpartition(":")
    return target.is_file() and expected in ("", pooch.file_hash(str(target), algorithm or "sha256"))


def _retrieve(url: str, target: Path, digest: str | None) -> None:
    import pooch

    pooch.get_logger().setLevel("WARNING")  # its hints speak to programmers
    fetch = _checked(_copy if url.startswith("file:") else _fetch, digest)
    with emptied(target.parent / "incoming") as incoming:
        arrived = pooch.retrieve(url, digest, fname=target.name, path=incoming, downloader=fetch)
        os.replace(arrived, target)


def _shown(error: Exception, url: str, name: str | None) -> str:
    return without_secrets(str(error), *([url] if name not in (None, url) else []))


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
    import requests

    begun = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _stream(url, output, begun + LONGEST)
            return
        except requests.RequestException as error:
            unreachable = time.monotonic() - begun > PATIENCE and not Path(output).stat().st_size
            if attempt == ATTEMPTS or unreachable:
                raise DownloadError(str(_cause(error))) from error
        time.sleep(PAUSE * attempt)


def _stream(url: str, output: str, deadline: float) -> None:
    from tqdm import tqdm

    with open(output, "wb") as file, _answered(url, deadline) as answer:
        answer.raise_for_status()
        length = answer.headers.get("content-length", "")
        total = int(length) if length.isdecimal() else None
        with tqdm(total=total, unit="B", unit_scale=True, disable=None) as bar:  # None: on a terminal only
            while chunk := _received(answer):
                file.write(chunk)
                bar.update(len(chunk))
                if file.tell() > ARCHIVE_LIMIT:
                    raise ValueError(f"it sends more than {ARCHIVE_LIMIT:,} bytes")
                if time.monotonic() > deadline:
                    raise _too_long()


def _answered(url: str, deadline: float) -> requests.Response:
    """The answer as far as its head, which a server may drip too: no time limit of the library's is for all of it."""
    import requests

    timeout, hooks = (CONNECT_TIMEOUT, READ_TIMEOUT), {"response": _check_redirection}
    answers: SimpleQueue[requests.Response | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(requests.get(url, stream=True, timeout=timeout, hooks=hooks))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()  # it cannot be ended, but nobody waits for it
    try:
        answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
    except Empty:
        raise _too_long() from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _too_long() -> ValueError:
    return ValueError(f"it sends for longer than {LONGEST / 3600:.0f} hours")


def _received(answer: requests.Response) -> bytes:
    """What has come, at once: `iter_content` waits for a whole chunk, from a server that drips for days."""
    import requests
    import urllib3

    try:
        received: bytes = answer.raw.read1(CHUNK, decode_content=True)
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(error) from error
    return received


def _check_redirection(answer: requests.Response, **_: Any) -> None:
    following = urljoin(answer.url, answer.headers.get("location", ""))
    if answer.is_redirect and answer.url.startswith("https:") and not following.startswith("https:"):
        raise ValueError(f"it leads on to {following[:200]}, which is not encrypted")


def _cause(error: Exception) -> object:
    """What went wrong below; requests wraps it into a sentence that repeats the address."""
    return getattr(error.args[0], "reason", error) if error.args else error


def _copy(url: str, output: str) -> None:
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise ValueError("a file address has three slashes: file:///folder/file")
    source = Path(url2pathname(parts.path))
    if not source.is_file():
        raise DownloadError("no such file")
    shutil.copyfile(source, output)
