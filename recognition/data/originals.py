"""The files that a user's own images came from, found again after the images have become arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from recognition.configuration.sections.data import OWN_SOURCES, DataConfig
from recognition.data.dataset import Split
from recognition.data.image_transform import ImageTransform, UnreadableImageError
from recognition.data.own_images import list_images, transform_of


def read_originals(config: DataConfig, cache: Path, split: Split, wanted: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """Read the files of some images, each when it is asked for; those of a remote address from its mirror.

    A file counts as an image's only if it still has that image's path and content. What is gone or has changed, and
    all images of a published data set, are left out.

    Args:
        config: Section `data` of the configuration that `split` was read with.
        cache: Folder for remote images.
        split: One side of the data set.
        wanted: Positions in `split`.

    Returns:
        Positions and the files' bytes, in the order of the source, each position at most once.

    Raises:
        InputError: The source cannot be listed any more.
    """
    if config.source not in OWN_SOURCES:
        return
    missing: dict[str, dict[int, int]] = {}  # position of an image by its path and content
    for index in wanted:
        missing.setdefault(split.paths[index], {})[int(split.hashes[index])] = index
    listing, transform = list_images(config, cache), transform_of(config)
    for path, source in zip(listing.paths, listing.contents(), strict=True):
        if path in missing and (content := _read(source)):
            mark = _mark(content, transform)
            if mark in missing[path]:
                yield missing[path].pop(mark), content


def _read(source: Path | bytes) -> bytes:
    """The bytes; none where there is no such file any more."""
    try:
        return source if isinstance(source, bytes) else source.read_bytes()
    except OSError:
        return b""


def _mark(content: bytes, transform: ImageTransform) -> int:
    """The hash of an image's content; -1, which is none, for a damaged file."""
    try:
        return transform.decode(content).content
    except UnreadableImageError:
        return -1
