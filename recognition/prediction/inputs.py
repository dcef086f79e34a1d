"""Which images a person means: files, folders, patterns, parquet files, tables of paths, a list of paths."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from recognition.configuration.nearest import nearest
from recognition.data.listing import SUFFIXES, printable
from recognition.data.remote.address import is_remote, redacted
from recognition.data.remote.mirror import mirror
from recognition.data.walking import walk_images
from recognition.errors import InputError
from recognition.prediction.named_image import NamedImage
from recognition.prediction.parquet_images import count_parquet, read_parquet
from recognition.prediction.path_lists import read_lines, read_path_table

LIST = "-"
KINDS = (
    "a file or folder of images, a pattern such as 'photos/*.png', .parquet, .csv with a column path, or - for stdin"
)


@dataclass(frozen=True)
class Source:
    """Some of the images.

    Attributes:
        images: Makes an iterator over them; none is read yet.
        count: How many they are, None where only reading them tells.
    """

    images: Callable[[], Iterator[NamedImage]]
    count: int | None


def find_sources(words: Sequence[str], lines: Iterable[str], cache: Path) -> list[Source]:
    """Find what words name, and see that there is at least one image behind each.

    Args:
        words: As KINDS tells; addresses such as s3://bucket/photos are fetched first.
        lines: What "-" stands for: one path a line.
        cache: Folder for what is fetched.

    Raises:
        InputError: A word names nothing, a folder without an image, or a table or parquet file without paths or images.
    """
    if words.count(LIST) > 1:
        raise InputError("standard input can be read once", received=" ".join(words), expected="one -")
    return [source for word in words for source in _sources(word, lines, cache)]


def total(sources: Iterable[Source]) -> int | None:
    """How many images there are, None where that is not known."""
    counts = [source.count for source in sources]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def all_images(sources: Iterable[Source]) -> Iterator[NamedImage]:
    """The images of all sources, one after the other."""
    return chain.from_iterable(source.images() for source in sources)


def files_of(words: Iterable[str]) -> Iterator[Path]:
    """The local files that words name themselves, which must not be written."""
    return (Path(word) for word in words if word != LIST and not is_remote(word) and os.path.isfile(word))


def _sources(word: str, lines: Iterable[str], cache: Path) -> list[Source]:
    if word == LIST:
        return [_listed(lines)]
    if is_remote(word):
        return [_local(mirror(word, cache), redacted(word).rstrip("/"))]
    if not os.path.lexists(word) and glob.has_magic(word):
        return [_local(Path(found), found) for found in _matches(word)]
    return [_local(Path(os.path.expanduser(word)), word)]


def _local(path: Path, name: str) -> Source:
    """What lies at a path; `name` is what messages and predictions call it."""
    if not name or not os.path.lexists(path):
        raise _missing(path, name)
    if os.path.isdir(path):
        return _folder(path, name)
    suffix = path.suffix.casefold()
    if suffix == ".parquet":
        return Source(lambda: read_parquet(path, name), count_parquet(path, name))
    if suffix == ".csv":
        next(read_path_table(path, name))
        return Source(lambda: read_path_table(path, name), None)
    return Source(lambda: iter([NamedImage(printable(name), path)]), 1)


def _folder(path: Path, name: str) -> Source:
    count = sum(1 for _ in walk_images(path))
    if not count:
        parquet = next(path.rglob("*.parquet"), None)
        raise InputError(
            "a folder holds no image",
            received=printable(name),
            expected=f"{', '.join(SUFFIXES)} files at any depth",
            remedy=printable(f"name the parquet files: {os.path.join(name, '*.parquet')}") if parquet else "",
        )
    return Source(lambda: _walk(path, name), count)


def _walk(folder: Path, name: str) -> Iterator[NamedImage]:
    for path, problem in walk_images(folder):
        yield NamedImage(printable(os.path.join(name, *path.relative_to(folder).parts)), path, problem)


def _listed(lines: Iterable[str]) -> Source:
    images = read_lines(lines)
    first = list(islice(images, 1))
    if not first:
        raise InputError("the list on standard input is empty", expected="one path a line")
    return Source(lambda: chain(first, images), None)


def _matches(pattern: str) -> list[str]:
    found = sorted(glob.glob(os.path.expanduser(pattern), recursive=True))
    if not found:
        raise InputError("a pattern matches nothing", received=printable(pattern), expected=KINDS)
    return found


def _missing(path: Path, name: str) -> InputError:
    beside = os.listdir(path.parent) if os.path.isdir(path.parent) else []
    near = nearest(path.name, beside)
    remedy = printable(f"did you mean {os.path.join(os.path.dirname(name), near)}?") if near else ""
    return InputError("there is no such path", received=printable(name), expected=KINDS, remedy=remedy)
