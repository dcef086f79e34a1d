"""Members of a tar archive, read straight into memory: nothing is unpacked to disk."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import tarfile
import zlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from recognition.errors import InputError

MEMBER_LIMIT = 2**30  # bytes: seven times the largest file of CIFAR-100
ARCHIVE_LIMIT = 2 * MEMBER_LIMIT
COUNT_LIMIT = 10_000  # members: each costs time and memory, however small the archive
HEADERS_LIMIT = 2**15  # bytes before one member: tarfile reads chains of them, each of any length, and recurses
REMEDY = "fetch the archive again, from a source that you trust"


class _Bounded(io.RawIOBase):
    """A stream that ends in an error past its limits: tarfile believes any length that a header states.

    Attributes:
        headers: Bytes that may be read before the next member's content; None while content is read.
        header: What was read last of them.
    """

    def __init__(self, stream: BinaryIO, archive: Path) -> None:
        self._stream, self._archive = stream, archive
        self.headers: int | None = HEADERS_LIMIT
        self.header = b""

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            raise ValueError(f"a length of {size}")
        self._check(self._stream.tell() + size)
        if self.headers is not None:
            self.headers -= size
            if self.headers < 0:
                expected = f"at most {HEADERS_LIMIT:,} bytes before each member"
                raise _refusal(self._archive, "has headers beyond reason", "more than that before one", expected)
            self.header = self._stream.read(size)
            return self.header
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._check(offset)
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self, position: int) -> None:
        if position > ARCHIVE_LIMIT:
            raise _refusal(self._archive, "expands beyond reason", f"{position:,} bytes", f"at most {ARCHIVE_LIMIT:,}")


def read_members(archive: Path, names: Collection[str], limit: int = MEMBER_LIMIT) -> dict[str, bytes]:
    """Read members of a tar or tar.gz archive by file name, whatever folder of the archive they are in.

    Every member is checked, wanted or not.

    Args:
        archive: The archive.
        names: File names without folders.
        limit: Largest size of one member, in bytes.

    Returns:
        The bytes of each of `names`.

    Raises:
        InputError: The archive is missing, empty, of another kind, cut short or damaged; it lacks one of `names`;
            or it expands beyond reason, or has a link, a device, or a member that points out of the archive.
    """
    check_file(archive)
    try:
        return _read(archive, names, limit)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError) as error:
        problem, expected = _diagnosis(error), "a complete tar or tar.gz archive"
        raise _refusal(archive, problem, f"{archive.stat().st_size:,} bytes ({error})", expected) from error
    except OSError as error:
        raise _refusal(archive, "cannot be read", str(error), "a readable archive") from error


def check_file(path: Path) -> None:
    """Raise InputError unless `path` is a file that is not empty."""
    if not path.is_file():
        received = "something that is not a file" if path.exists() else "no such file"
        raise InputError(f"{path} is missing", received=received, expected="a file", remedy="check the path")
    if path.stat().st_size == 0:
        raise _refusal(path, "is empty", "0 bytes", "a file with content")


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Digest of a file's bytes, in hexadecimal; `algorithm` is a name that hashlib knows.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()
    except OSError as error:
        raise _refusal(path, "cannot be read", str(error), "a readable file") from error


def _read(archive: Path, names: Collection[str], limit: int) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with archive.open("rb") as file, _decompressed(file) as stream:
        bounded = _Bounded(stream, archive)
        with tarfile.open(fileobj=bounded, mode="r:") as tar:
            for count in itertools.count(1):
                bounded.headers = HEADERS_LIMIT
                member = tar.next()
                bounded.headers = None
                if member is None:
                    _check_end(bounded.header)
                    break
                _check_count(count, archive)
                _check_member(member, archive, limit)
                name = PurePosixPath(member.name).name
                if member.isfile() and name in names:
                    _check_single(name, found, archive)
                    found[name] = _content(tar, member)
        while bounded.read(2**20):
            pass  # gzip compares its checksum at the very end only, past the archive's last member
    _check_complete(found, names, archive)
    return found


def _decompressed(file: BinaryIO) -> BinaryIO:
    magic = file.read(2)
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if magic == b"\x1f\x8b" else file  # type: ignore[return-value]


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    assert stream is not None, "only directories and devices have no content"
    return stream.read()


def _check_end(header: bytes) -> None:
    """Tarfile takes a header that is cut off, damaged or not there for the end, which is a block of zeros."""
    if len(header) < tarfile.BLOCKSIZE:
        raise EOFError("no end of the archive")
    if header.strip(b"\0"):
        raise ValueError("a header that is none")


def _check_count(count: int, archive: Path) -> None:
    if count > COUNT_LIMIT:
        raise _refusal(archive, "holds too many members", f"more than {COUNT_LIMIT:,}", f"at most {COUNT_LIMIT:,}")


def _check_member(member: tarfile.TarInfo, archive: Path, limit: int) -> None:
    path = PurePosixPath(member.name)
    received = f"member {member.name[:200]!r}"
    if path.is_absolute() or ".." in path.parts:
        raise _refusal(archive, "points out of its own folder", received, "relative names without '..'")
    if member.issym() or member.islnk():
        raise _refusal(archive, "holds a link", f"{received} -> {member.linkname[:200]!r}", "plain files and folders")
    if not (member.isfile() or member.isdir()):
        raise _refusal(archive, "holds a device or another special file", received, "plain files and folders")
    if member.issparse():  # which takes any memory for holes, with no byte of the archive
        raise _refusal(archive, "holds a file with holes", received, "plain files and folders")
    if not 0 <= member.size <= limit:
        raise _refusal(archive, "expands beyond reason", f"{received} of {member.size:,} bytes", f"at most {limit:,}")


def _check_single(name: str, found: dict[str, bytes], archive: Path) -> None:
    if name in found:
        raise _refusal(archive, "is ambiguous", f"more than one member named {name}", "one")


def _check_complete(found: dict[str, bytes], names: Collection[str], archive: Path) -> None:
    missing = sorted(set(names) - set(found))
    if missing:
        raise _refusal(archive, f"lacks {', '.join(missing)}", f"only {sorted(found)}", f"all of {sorted(names)}")


def _diagnosis(error: Exception) -> str:
    if isinstance(error, EOFError) or "unexpected end of data" in str(error):
        return "is cut short"
    return "is not a tar archive" if isinstance(error, tarfile.TarError) else "is damaged"


def _refusal(archive: Path, problem: str, received: str, expected: str) -> InputError:
    return InputError(f"{archive} {problem}", received=received, expected=expected, remedy=REMEDY)
