"""Own images at s3:// and the other addresses that fsspec knows, mirrored into a local folder.

A mirror is a folder `tree` with the remote layout and, beside it, `record.json`: for each file the token by which the
remote side tells its content (an ETag, or time and size), and the SHA-256, size and time of the local copy. Only files
whose token is new are fetched; a local copy whose size or time has changed is fetched again. Size and time are compared
rather than digests, since reading every image again would take as long as training on it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
import shutil
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from threading import Event, Lock
from typing import Any
from urllib.parse import unquote, urlsplit

from recognition.data.archive import file_digest
from recognition.errors import InputError, RecognitionError

COUNT_LIMIT = 1_000_000  # files
NAME_LIMIT = 255  # bytes of a file's or folder's name that common file systems hold
WORKERS = 16  # files at a time
WINDOW = 10_000  # files that wait for a worker; more would only take memory
SAVE_EVERY = 30.0  # seconds: what a killed download has to repeat at most
CONNECT_TIMEOUT, READ_TIMEOUT = 4.0, 5.0  # seconds; a silent S3 server is asked four times
IDENTITIES = ("ETag", "etag", "md5Hash", "checksum", "Content-MD5", "Digest", "CRC", "sha", "blob_id")
TIMES = ("mtime", "LastModified", "last_modified", "Last-Modified", "updated", "modified", "created")

WEB = {"http", "https"}
S3 = {"s3", "s3a"}
HOSTED = WEB | S3 | {"gs", "gcs", "az", "abfs", "abfss"}  # what follows :// is a host, bucket or container
NO_CREDENTIALS = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "TokenRetrievalError",
    "SSOError",
    "ProfileNotFound",
    "DefaultCredentialsError",
}
UNREACHABLE = {
    "ConnectionError",
    "TimeoutError",
    "gaierror",
    "HTTPClientError",
    "ClientConnectionError",
    "ClientPayloadError",
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Remote:
    """A file as the listing has it; None where the file system does not say."""

    path: str
    size: int | None
    token: str | None


@dataclass(frozen=True)
class _Copy:
    """What the record says about a local copy."""

    token: str | None
    sha256: str
    size: int
    mtime_ns: int

    def is_current(self, remote: _Remote, path: Path) -> bool:
        try:
            status = path.lstat()
        except OSError:
            return False
        unchanged = (status.st_size, status.st_mtime_ns) == (self.size, self.mtime_ns)
        return unchanged and self.token is not None and self.token == remote.token


def is_remote(path: str) -> bool:
    """Whether a path is an address for `mirror`, such as s3://bucket/photos or zip://*::s3://bucket/photos.zip."""
    return re.match(r"[A-Za-z][\w+.-]+(::.*)?://", path, re.DOTALL) is not None


def redacted(text: str) -> str:
    """An address, or a text with addresses in it, without users, passwords and query strings."""
    text = re.sub(r"(?<!abfs)(?<!abfss)://[^/\s?#]*@", "://", text)  # there it is the container that stands before @
    return re.sub(r"(://[^\s?'\"]*)\?[^\s'\"),]*", r"\1", text)


def mirror(address: str, cache: Path) -> Path:
    """Copy a remote file or folder, or bring an earlier copy up to date.

    Credentials and the endpoint are those that the storage's own client finds: for S3 AWS_ACCESS_KEY_ID, AWS_PROFILE
    or the machine's role, and AWS_ENDPOINT_URL for a server such as MinIO. Web addresses of folders end with a slash.

    Args:
        address: Whatever `is_remote` accepts.
        cache: Folder that holds one mirror for each address; made where missing.

    Returns:
        The local file, under its remote name, or the folder with the remote layout.

    Raises:
        InputError: The address is malformed, its protocol is unknown or lacks a package; credentials are missing or
            refused; nothing is there, or nobody answers; a name cannot be held locally or points out of the folder;
            more than COUNT_LIMIT files; a file changed while it was fetched; or the cache cannot be written.
        OSError: There is no space left (ENOSPC).
    """
    with _explained(redacted(address)):
        _check_address(address)
        fs, root = _connect(address)
        files = _listing(fs, root, redacted(address))
    folder = cache / _folder_name(address)
    with _stored(folder):
        _update(fs, files, folder, redacted(address))
    tree = folder / "tree"
    (first, *_) = files
    return (tree / first if files[first].path == root else tree).absolute()


def _folder_name(address: str) -> str:
    """Readable, without secrets, and another one for each address."""
    if not WEB & set(_protocols(address)):
        address = address.rstrip("/")
    words = re.sub(r"[^A-Za-z0-9]+", "-", redacted(address)).strip("-")[:60]
    return f"{words}-{hashlib.sha256(os.fsencode(address)).hexdigest()[:16]}"


# Listing


def _protocols(address: str) -> list[str]:
    from fsspec import available_protocols

    known = set(available_protocols())
    parts = [part.partition("://") for part in address.split("::")]
    return [word if mark or word in known else "file" for word, mark, _ in parts]


def _check_address(address: str) -> None:
    from fsspec import available_protocols, get_filesystem_class

    for protocol in _protocols(address):
        try:
            get_filesystem_class(protocol)
        except ImportError as error:
            remedy = "pip install 'recognition[s3]'" if protocol in S3 else str(error)
            problem = f"{protocol}:// needs a package that is not installed"
            raise InputError(problem, received=redacted(address), remedy=remedy) from None
        except ValueError:
            problem, known = f"{protocol}:// is not a known protocol", ", ".join(sorted(available_protocols()))
            raise InputError(problem, received=redacted(address), expected=f"one of {known}") from None
    protocol, _, rest = address.rpartition("::")[2].partition("://")
    if protocol in HOSTED and not rest.partition("/")[0]:
        expected = f"{protocol}://{'host' if protocol in WEB else 'bucket'}/folder"
        raise InputError("The address is incomplete", received=redacted(address), expected=expected)


def _connect(address: str) -> tuple[Any, str]:
    """The file system and what it calls the address; a new instance, since shared ones remember old listings."""
    from fsspec.core import url_to_fs

    fs, root = url_to_fs(address, **{protocol: _options(protocol) for protocol in _protocols(address)})
    if S3 & _names(fs):
        fs.retries = 2
    return fs, root


def _options(protocol: str) -> dict[str, Any]:
    options: dict[str, Any] = {"skip_instance_cache": True}
    if protocol in S3:
        options["config_kwargs"] = {
            "connect_timeout": CONNECT_TIMEOUT,
            "read_timeout": READ_TIMEOUT,
            "retries": {"total_max_attempts": 2, "mode": "standard"},
            "max_pool_connections": WORKERS,
        }
    if protocol in WEB:
        from aiohttp import ClientTimeout

        timeout = ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=READ_TIMEOUT)
        options["client_kwargs"] = {"timeout": timeout, "trust_env": True}  # proxies, as everywhere else
    return options


def _names(fs: Any) -> set[str]:
    return {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)


def _listing(fs: Any, root: str, address: str) -> dict[str, _Remote]:
    """All files by their names below `root`; the one file that `root` is has its own name."""
    web = bool(WEB & _names(fs))
    files: dict[str, _Remote] = {}
    for info in _entries(fs, root, web):
        if info["name"].endswith("/"):
            continue  # S3 consoles make empty objects that stand for folders
        name = _relative(info["name"], root, web, address)
        if name in files:
            raise _refusal(address, f"the name {name[:200]!r} twice")
        files[name] = _Remote(info["name"], info.get("size"), _token(info))
        if len(files) > COUNT_LIMIT:
            raise _refusal(address, f"more than {COUNT_LIMIT:,} files", f"at most {COUNT_LIMIT:,}")
    if not files:
        raise InputError(f"There are no files at {address}", received="an empty listing", remedy="check the address")
    _check_folders(files, address)
    return files


def _entries(fs: Any, root: str, web: bool) -> Iterable[dict[str, Any]]:
    if web and urlsplit(root).path and not root.endswith("/"):
        return [{**fs.info(root), "name": root}]
    if _names(fs) & (S3 | {"zip"}):  # they list a tree at once, and fail as a whole
        found: dict[str, dict[str, Any]] = fs.find(root, detail=True)
        return [info for info in found.values() if info["type"] != "directory"]
    return _web_files(fs, root) if web else _walk(fs, root)


def _walk(fs: Any, root: str) -> Iterator[dict[str, Any]]:
    """All files; fsspec's own walk leaves out, without a word, folders that it fails to list."""
    folders, seen = [root], {root.rstrip("/")}
    while folders:
        for info in fs.ls(folders.pop(), detail=True):
            name = info["name"].rstrip("/")
            if info["type"] != "directory":
                yield info
            elif name not in seen:
                seen.add(name)
                folders.append(info["name"])


def _web_files(fs: Any, root: str) -> Iterator[dict[str, Any]]:
    """Files that a server's pages link to; the pages say neither size nor time, so each file is asked for them."""
    links = [info["name"] for info in _walk(fs, root) if "?" not in info["name"]]  # ? sorts the page
    with ThreadPoolExecutor(WORKERS) as pool:
        for link, info in zip(links, pool.map(fs.info, links), strict=True):
            yield {**info, "name": link}


def _token(info: dict[str, Any]) -> str | None:
    for keys in (IDENTITIES, TIMES):
        if known := [f"{key}={info[key]}" for key in keys if info.get(key)]:
            return " ".join([*known, f"size={info.get('size')}"])
    return None


# Names, which are as little trusted as the rest of a listing


def _relative(path: str, root: str, web: bool, address: str) -> str:
    base = root.rstrip("/") + "/" if root else ""
    if path == root:
        name = PurePosixPath(urlsplit(root).path if web else root).name
    elif path.startswith(base):
        name = path[len(base) :]
    else:
        raise _refusal(address, f"{redacted(path)[:200]!r}, which lies elsewhere")
    name = unquote(name) if web else name
    if not _is_plain(name):
        raise _refusal(address, f"the name {name[:200]!r}", f"relative names of at most {NAME_LIMIT} bytes, no '..'")
    return name


def _is_plain(name: str) -> bool:
    parts = name.split("/")
    try:
        longest = max(len(os.fsencode(part)) for part in parts)
    except UnicodeEncodeError:
        return False
    same = tuple(parts) == Path(name).parts  # no empty part, no ".", and no drive where there are drives
    return same and ".." not in parts and "\0" not in name and longest <= NAME_LIMIT


def _check_folders(files: dict[str, _Remote], address: str) -> None:
    for name in files:
        for folder in PurePosixPath(name).parents:
            if str(folder) in files:
                raise _refusal(address, f"{str(folder)[:200]!r} as a file and as a folder")


def _check_case(files: dict[str, _Remote], tree: Path, address: str) -> None:
    """Refuse names that would overwrite each other where the local file system ignores case."""
    if not tree.with_name(tree.name.upper()).exists():
        return
    seen: dict[str, str] = {}
    for name in files:
        if (other := seen.setdefault(name.casefold(), name)) != name:
            raise _refusal(address, f"{name[:200]!r} and {other[:200]!r}, which are one name here")


def _refusal(address: str, received: str, expected: str = "files that a local folder can hold") -> InputError:
    problem, remedy = f"{address} cannot be mirrored", "rename the files there, or fetch them yourself"
    return InputError(problem, received=received, expected=expected, remedy=remedy)


# Fetching


def _update(fs: Any, files: dict[str, _Remote], folder: Path, address: str) -> None:
    from filelock import FileLock

    tree, record = folder / "tree", folder / "record.json"
    tree.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        _check_case(files, tree, address)
        known = _read_record(record)
        copies = {name: copy for name, copy in known.items() if name in files}
        copies = {name: copy for name, copy in copies.items() if copy.is_current(files[name], tree / name)}
        _remove_others(tree, files)
        missing = {name: remote for name, remote in files.items() if name not in copies}
        try:
            with closing(_fetch_all(fs, missing, folder, address)) as fetched:
                for name, copy in fetched:
                    copies[name] = copy
                    _save_now_and_then(record, address, copies)
        finally:
            if copies != known:
                _write_record(record, address, copies)


def _fetch_all(
    fs: Any, files: dict[str, _Remote], folder: Path, address: str
) -> Generator[tuple[str, _Copy], None, None]:
    """Fetch files under temporary names and move each into the tree when it is whole."""
    incoming, names = folder / "incoming", list(files)
    shutil.rmtree(incoming, ignore_errors=True)
    if not files:
        return
    incoming.mkdir()
    with _Meter(files, address) as meter, ThreadPoolExecutor(WORKERS) as pool:
        try:
            for start in range(0, len(names), WINDOW):
                window = enumerate(names[start : start + WINDOW])
                tasks = {
                    pool.submit(
                        _fetch, fs, files[name], incoming / f"{i}", folder / "tree" / name, meter, address
                    ): name
                    for i, name in window
                }
                for task in as_completed(tasks):
                    yield tasks[task], task.result()
        finally:
            meter.stopped.set()
            pool.shutdown(cancel_futures=True)
            shutil.rmtree(incoming, ignore_errors=True)


def _fetch(fs: Any, remote: _Remote, temporary: Path, target: Path, meter: _Meter, address: str) -> _Copy:
    with _explained(redacted(f"{remote.path}, part of {address}")):
        try:
            fs.get_file(remote.path, str(temporary), callback=meter.callback())
        except FileNotFoundError:
            raise _changed(remote, address, "no such file any more") from None
    size = temporary.stat().st_size if temporary.is_file() else None
    if size is None or remote.size not in (None, size):
        raise _changed(remote, address, f"{size} bytes instead of {remote.size}")
    digest, status = file_digest(temporary), temporary.stat()
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(temporary, target)
    return _Copy(remote.token, digest, status.st_size, status.st_mtime_ns)


def _changed(remote: _Remote, address: str, received: str) -> InputError:
    problem, expected = f"{redacted(remote.path)} changed while it was fetched", "the file that was listed"
    return InputError(problem, received=received, expected=expected, remedy=f"run again when {address} is complete")


class _Meter:
    """Progress of all files in bytes: a bar on a terminal, else one line in the log; and a switch to stop them."""

    def __init__(self, files: dict[str, _Remote], address: str) -> None:
        from tqdm import tqdm

        on_terminal = sys.stderr.isatty()
        total = sum(remote.size or 0 for remote in files.values())
        if not on_terminal:
            count = "1 file" if len(files) == 1 else f"{len(files):,} files"
            logger.info("Fetching %s (%s MB) from %s", count, f"{total / 1e6:,.{0 if total > 1e7 else 1}f}", address)
        self._bar = tqdm(
            total=total or None, desc=f"Fetching {address}", unit="B", unit_scale=True, disable=not on_terminal
        )
        self._lock, self.stopped = Lock(), Event()

    def __enter__(self) -> _Meter:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def callback(self) -> Any:
        """A hook of fsspec for one file, which is called with the bytes so far."""
        from fsspec.callbacks import Callback

        before = 0

        def advance(_: int | None, value: int, **__: object) -> None:
            nonlocal before
            if self.stopped.is_set():
                raise InterruptedError("another file failed, or the user stopped")
            with self._lock:
                self._bar.update(value - before)
            before = value

        return Callback(hooks={"advance": advance})


def _remove_others(tree: Path, files: dict[str, _Remote]) -> None:
    """Remove what the remote side no longer has, and folders that are then empty."""
    wanted = {str(tree / name) for name in files}
    for place, folders, names in os.walk(tree, topdown=False):
        for path in (os.path.join(place, name) for name in names):
            if path not in wanted or os.path.islink(path):
                os.unlink(path)
        for path in (os.path.join(place, name) for name in folders):
            if os.path.islink(path):
                os.unlink(path)
            elif not os.listdir(path):
                os.rmdir(path)


# The record


def _read_record(path: Path) -> dict[str, _Copy]:
    """What is known of the local copies: nothing where the record is missing or damaged."""
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {name: _Copy(**values) for name, values in files.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _write_record(path: Path, address: str, copies: dict[str, _Copy]) -> None:
    files = {name: asdict(copies[name]) for name in sorted(copies)}
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps({"address": address, "files": files}, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def _save_now_and_then(path: Path, address: str, copies: dict[str, _Copy]) -> None:
    written = path.stat().st_mtime if path.exists() else 0.0
    if time.time() - written > SAVE_EVERY:
        _write_record(path, address, copies)


# Errors


@contextmanager
def _stored(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        problem, remedy = f"The mirror cannot be stored in {folder}", "mend its permissions, or choose another place"
        raise InputError(problem, received=str(error), expected="a folder to write", remedy=remedy) from error


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """Turn what any of the storages' clients raises into an error of ours, without its cause: that may hold secrets."""
    try:
        yield
    except RecognitionError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise _explanation(where, list(_causes(error))) from None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _explanation(where: str, causes: list[BaseException]) -> InputError:
    kinds = {kind.__name__ for cause in causes for kind in type(cause).__mro__}  # importing no client
    statuses = [status for cause in causes if isinstance(status := getattr(cause, "status", None), int)]
    status = statuses[0] if statuses else 0
    received = _received(causes)
    if kinds & NO_CREDENTIALS:
        return InputError(
            f"There are no credentials for {where}",
            received=received,
            remedy="for S3 set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; "
            "FSSPEC_S3_ANON=true reads a public bucket; other storages: as their own tools ask for",
        )
    if "PermissionError" in kinds or status in (401, 403, 407):
        remedy = "check the credentials (for S3 AWS_ACCESS_KEY_ID or AWS_PROFILE) and what they allow"
        return InputError(
            f"{where} may not be read", received=received, expected="permission to list and read", remedy=remedy
        )
    if kinds & UNREACHABLE:
        remedy = "check the network and the address, for S3 also AWS_ENDPOINT_URL"
        return InputError(
            f"{where} cannot be reached", received=received, expected="a server that answers", remedy=remedy
        )
    if kinds & {"FileNotFoundError", "NotADirectoryError"} and status < 500:
        return InputError(f"{where} does not exist", received=received, remedy="check the address")
    return InputError(f"{where} cannot be read", received=received, remedy="check the address and the server")


def _received(causes: list[BaseException]) -> str:
    """The most telling message; "not found" mostly wraps what really happened."""
    error = causes[1] if isinstance(causes[0], FileNotFoundError) and len(causes) > 1 else causes[0]
    first = (str(error).strip() or "no message").splitlines()[0]
    return f"{type(error).__name__}: {redacted(first)[:300]}"
