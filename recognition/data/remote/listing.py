"""The files at an address, under names that a local folder can hold: a listing is as little trusted as any input."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from recognition.data.remote.address import WORKERS
from recognition.errors import InputError

IDENTITY = re.compile("etag|md5|digest|checksum|crc|sha|blob_id|mtime|modif|updated|created", re.IGNORECASE)


@dataclass(frozen=True)
class RemoteFile:
    """A file as the listing has it; None where that does not say."""

    path: str
    size: int | None  # bytes
    token: str | None  # what tells its content from any other, such as an ETag, or time and size


def list_files(fs: Any, root: str, address: str) -> dict[str, RemoteFile]:
    """List all files by their names below `root`; the one file that `root` is has its own name.

    Raises:
        InputError: There are none; or a name points out of the folder, or is that of a file and of a folder.
    """
    web = "http" in fs.protocol
    files = {}
    for info in _web_entries(fs, root) if web else _entries(fs, root):
        path, size = info["name"], info.get("size")
        if not path.endswith("/"):  # S3 consoles make empty objects that stand for folders
            files[_local_name(path, root, web, address)] = RemoteFile(path, size, _token(info))
    if not files:
        raise InputError(f"There are no files at {address}", received="an empty listing", remedy="check the address")
    for folder in {str(parent) for name in files for parent in PurePosixPath(name).parents} & files.keys():
        raise refusal(address, f"{folder[:200]!r} as a file and as a folder")
    return files


def refusal(address: str, received: str) -> InputError:
    """The error for names that a local folder cannot hold."""
    problem, remedy = f"{address} cannot be mirrored", "rename the files there, or fetch them yourself"
    return InputError(problem, received=received, expected="files that a local folder can hold", remedy=remedy)


def _entries(fs: Any, root: str) -> Iterable[dict[str, Any]]:
    if any(name in fs.protocol for name in ("s3", "zip")):  # they list a tree at once, and fail as a whole
        found: dict[str, dict[str, Any]] = fs.find(root, detail=True)
        return found.values()
    return _walk(fs, root)


def _web_entries(fs: Any, root: str) -> list[dict[str, Any]]:
    """A file, or what a server's pages link to; they say neither size nor time, so each file is asked for them."""
    links = [root]
    if root.endswith("/") or not urlsplit(root).path:
        links = [info["name"] for info in _walk(fs, root) if "?" not in info["name"]]  # ? sorts the page
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(fs.info, links))


def _walk(fs: Any, root: str) -> Iterator[dict[str, Any]]:
    """All files; fsspec's own walk leaves out, without a word, folders that it fails to list."""
    folders, seen = [root], {root.rstrip("/")}  # web pages link to themselves
    while folders:
        for info in fs.ls(folders.pop(), detail=True):
            name = info["name"].rstrip("/")
            if info["type"] != "directory":
                yield info
            elif name not in seen:
                seen.add(name)
                folders.append(info["name"])


def _token(info: dict[str, Any]) -> str | None:
    known = [f"{key}={info[key]}" for key in sorted(info) if IDENTITY.search(key) and info[key]]
    return " ".join([*known, f"size={info.get('size')}"]) if known else None


def _local_name(path: str, root: str, web: bool, address: str) -> str:
    base = root.rstrip("/") + "/" if root else ""
    lone = PurePosixPath(urlsplit(root).path if web else root).name
    name = lone if path == root else path.removeprefix(base)
    name = unquote(name) if web else name
    if not (path == root or path.startswith(base)) or not _is_plain(name):
        raise refusal(address, f"the name {path[:200]!r}")
    return name


def _is_plain(name: str) -> bool:
    """Whether a name stays below its folder (no .., no empty part, no drive) and is one that disks can hold."""
    parts = tuple(name.split("/"))
    plain = parts == Path(name).parts and ".." not in parts and not re.search("[\0\ud800-\udfff]", name)
    return plain and max(len(part.encode()) for part in parts) <= 255  # bytes
