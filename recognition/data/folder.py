"""Own images in folders: root/class/image, or root/train/class/image and so on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from recognition.data.listing import SUFFIXES, Listing, count, printable, side_of, some
from recognition.data.walking import LOOP, folders_and_files, walk_images
from recognition.errors import InputError

LAYOUT = "root/class/image.png, or root/train/class/image.png with validation and test beside train"


class _Found(NamedTuple):
    path: Path
    side: str | None
    label: str


def list_folder(root: Path) -> Listing:
    """List the images below a folder.

    Each folder in `root` is a class, and every image at any depth below it is of that class. Where the folders in
    `root` are called train, validation and test, the classes are one level below, and the images keep their sides.
    Letter case does not matter in the names of sides and suffixes; hidden files are left out, links are followed.

    Args:
        root: The folder.

    Raises:
        InputError: It is not a folder, holds no class, an empty one or a loop of links, may not be read, or has
            other classes in test than in train.
    """
    _check_root(root)
    sides = _side_folders(root)
    if sides is None:
        found, loose = _classes(root, None)
    else:
        parts = {side: _classes(folder, side) for side, folder in sides.items()}
        _check_same_classes({side: {each.label for each in part} for side, (part, _) in parts.items()})
        found = [each for part, _ in parts.values() for each in part]
        loose = sum(count for _, count in parts.values())
    return Listing(
        paths=[printable(each.path.relative_to(root).as_posix()) for each in found],
        labels=[each.label for each in found],
        contents=lambda: (each.path for each in found),
        sides=[each.side or "" for each in found] if sides else None,
        files=tuple(each.path for each in found),
        notes=(f"left out, as not in a class folder: {count(loose, 'file')}",) if loose else (),
    )


def _check_root(root: Path) -> None:
    if os.path.isdir(root):  # Path.is_dir raises where a name is too long, or a folder may not be searched
        return
    received = f"{printable(str(root))}, {'a file' if os.path.exists(root) else 'which does not exist'}"
    remedy = "name the folder above the class folders; for tables of images there are data.source: csv and parquet"
    raise InputError("data.path names no folder", received=received, expected=LAYOUT, remedy=remedy)


def _side_folders(root: Path) -> Mapping[str, Path] | None:
    """The folders of train, validation and test; None where the folders are classes."""
    folders, _ = _entries(root)
    named = [(side_of(folder.name), folder) for folder in folders]
    sides = {side: folder for side, folder in named if side}
    others = [folder.name for side, folder in named if not side]
    if not sides or (others and len(sides) < 2):
        return None  # a class may well be called "train"
    if others or len(sides) < len(folders):
        raise _refusal(root, "mixes sides with other folders", some([folder.name for folder in folders], 6))
    if "train" not in sides:
        raise _refusal(root, "has no train folder", some([folder.name for folder in folders]))
    return sides


def _classes(root: Path, side: str | None) -> tuple[list[_Found], int]:
    """The images in the class folders of `root`, and how many files lie beside those."""
    folders, loose = _entries(root)
    if not folders:
        raise _refusal(root, "holds no class folder", f"{count(len(loose), 'file')} in it and no folder")
    found: list[_Found] = []
    empty: list[str] = []
    for folder in folders:
        images = list(_images(folder))
        found += [_Found(path, side, printable(folder.name)) for path in images]
        empty += [] if images else [folder.name]
    if empty:
        problem = f"has {'a class' if len(empty) == 1 else 'classes'} without an image"
        raise _refusal(root, problem, some([printable(name) for name in empty]), f"{', '.join(SUFFIXES)} files in each")
    return found, len(loose)


def _images(folder: Path) -> Iterator[Path]:
    for path, problem in walk_images(folder):
        if problem == LOOP:
            raise _refusal(path, f"is {LOOP}", str(path.resolve()), "no loops")
        if problem:
            raise _unreadable(path, problem)
        yield path


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """Folders and files in a folder."""
    try:
        return folders_and_files(folder)
    except OSError as error:
        raise _unreadable(folder, error.strerror or str(error)) from None


def _unreadable(folder: Path, reason: str) -> InputError:
    return _refusal(folder, "cannot be read", reason, "a folder that may be read", "mend its permissions")


def _check_same_classes(classes: Mapping[str, set[str]]) -> None:
    train = classes["train"]
    for side, names in classes.items():
        only_train, only_other = sorted(train - names), sorted(names - train)
        if only_train or only_other:
            differences = [f"only in train: {some(only_train)}"] * bool(only_train)
            differences += [f"only in {side}: {some(only_other)}"] * bool(only_other)
            raise InputError(
                f"train and {side} have different classes",
                received="; ".join(differences),
                expected="the same class folders, each with images, on every side",
                remedy="rename or add folders; without the other sides' folders, images are held out of train",
            )


def _refusal(folder: Path, problem: str, received: str, expected: str = LAYOUT, remedy: str = "") -> InputError:
    mend = remedy or "arrange the folders so, or name another folder as data.path"
    return InputError(printable(f"{folder} {problem}"), received=printable(received), expected=expected, remedy=mend)
