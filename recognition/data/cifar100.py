"""CIFAR-100 in its official binary version: records of 3,074 bytes, no pickle."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.data.archive import MEMBER_LIMIT, check_file, file_digest, read_members
from recognition.data.dataset import Split, image_hashes
from recognition.data.listing import printable
from recognition.data.published import PublishedDataset
from recognition.errors import InputError

FOLDER = "cifar-100-binary"
NAME_FILES = ("coarse_label_names.txt", "fine_label_names.txt")
OFFICIAL_SHA256 = {
    "train.bin": "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
    "test.bin": "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
}
FILES = (*NAME_FILES, *OFFICIAL_SHA256)

SIDE, CHANNELS = 32, 3
PLANE = SIDE * SIDE
RECORD = 2 + CHANNELS * PLANE  # coarse label, fine label, then one plane a colour
SUPERCLASSES, CLASSES = 20, 100
BLOCK = 256  # records: what fits the processor's cache makes the planes interleave four times as fast

REMEDY = "use the files of the official cifar-100-binary.tar.gz"


def read_cifar100(path: Path) -> PublishedDataset:
    """Read CIFAR-100 from its archive or from the folder that it unpacks to.

    Args:
        path: The tar or tar.gz archive, the folder with `train.bin`, or the folder above it.

    Returns:
        Images uint8, (n, 32, 32, 3), red, green, blue; labels int32, 0 to 99. Its notes say where the images are
        not the official ones; its digest is the archive's, or one over the names and digests of the four files.

    Raises:
        InputError: A file is missing, cut short or of another format; a label is out of range; a name is empty or
            stands twice; a class has no image in train, or images of two superclasses.
    """
    with ThreadPoolExecutor(1) as hashing:  # beside the rest, as both let go of Python's lock
        archive = None if path.is_dir() else hashing.submit(file_digest, path)
        contents = read_members(path, FILES) if archive else _read_folder(path)
        digests = hashing.submit(_digests, contents)
        superclasses = _names(contents["coarse_label_names.txt"], "coarse_label_names.txt", SUPERCLASSES)
        classes = _names(contents["fine_label_names.txt"], "fine_label_names.txt", CLASSES)
        train, test = _records(contents["train.bin"], "train.bin"), _records(contents["test.bin"], "test.bin")
        superclass_of = _superclass_of(train, test, classes)
        return PublishedDataset(
            name="cifar100",
            train=_split(train),
            test=_split(test),
            classes=classes,
            superclasses=superclasses,
            superclass_of=superclass_of,
            digest=archive.result() if archive else _folder_digest(digests.result()),
            files=(path,) if archive else tuple(unpacked_folder(path) / name for name in FILES),
            notes=_notes(digests.result()),
        )


def unpacked_folder(path: Path) -> Path:
    """The folder with the four files: `path` itself, or `cifar-100-binary` in it where there is one."""
    return path / FOLDER if (path / FOLDER).is_dir() else path


def _read_folder(path: Path) -> dict[str, bytes]:
    return {name: _read_file(unpacked_folder(path) / name) for name in FILES}


def _read_file(path: Path) -> bytes:
    check_file(path)
    if path.stat().st_size > MEMBER_LIMIT:
        raise _refusal(f"{path} is too large", f"{path.stat().st_size:,} bytes", f"at most {MEMBER_LIMIT:,}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refusal(f"{path} cannot be read", str(error), "a readable file") from error


def _digests(contents: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def _folder_digest(digests: dict[str, str]) -> str:
    lines = "".join(f"{name} {digests[name]}\n" for name in FILES)
    return hashlib.sha256(lines.encode()).hexdigest()


def _names(content: bytes, file: str, count: int) -> tuple[str, ...]:
    try:
        names = tuple(printable(line.strip()) for line in content.decode().strip().splitlines())
    except UnicodeDecodeError as error:
        raise _refusal(f"{file} is not a text file", str(error), f"{count} names, one a line") from error
    if len(names) != count or "" in names:
        received = f"{len(names)} lines, {names.count('')} of them empty"
        raise _refusal(f"{file} does not name every class", received, f"{count} names, one a line")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise _refusal(f"{file} has a name more than once", ", ".join(repeated)[:200], f"{count} different names")
    return names


def _records(content: bytes, file: str) -> NDArray[np.uint8]:
    """The records, uint8, (n, 3074), with both labels checked."""
    if not content or len(content) % RECORD:
        received = f"{len(content):,} bytes, {len(content) % RECORD:,} more than whole records take"
        raise _refusal(f"{file} is not in the binary format of CIFAR-100", received, f"a multiple of {RECORD:,} bytes")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, RECORD)
    for column, (kind, count) in enumerate((("coarse", SUPERCLASSES), ("fine", CLASSES))):
        wrong = np.flatnonzero(records[:, column] >= count)
        if wrong.size:
            received = f"{records[wrong[0], column]} in record {wrong[0]} ({wrong.size:,} such records)"
            raise _refusal(f"{file} has a {kind} label out of range", received, f"0 to {count - 1}")
    return records


def _superclass_of(train: NDArray[np.uint8], test: NDArray[np.uint8], classes: tuple[str, ...]) -> NDArray[np.int32]:
    """The superclass of each class, int32, (100,), as the images of train state it."""
    superclass_of = np.full(CLASSES, -1, dtype=np.int32)
    superclass_of[train[:, 1]] = train[:, 0]
    absent = np.flatnonzero(superclass_of < 0)
    if absent.size:
        received = f"none of {classes[absent[0]]} ({absent.size} such classes)"
        raise _refusal("train.bin lacks images of a class", received, "images of every class")
    for file, records in (("train.bin", train), ("test.bin", test)):
        wrong = np.flatnonzero(superclass_of[records[:, 1]] != records[:, 0])
        if wrong.size:
            name = classes[records[wrong[0], 1]]
            problem = f"{file} puts the class {name} into more than one superclass"
            raise _refusal(problem, f"coarse label {records[wrong[0], 0]} in record {wrong[0]}", "one coarse label")
    return superclass_of


def _split(records: NDArray[np.uint8]) -> Split:
    images = _images(records)
    return Split(images, records[:, 1].astype(np.int32), image_hashes(images))


def _images(records: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images with the colours of a pixel side by side: uint8, (n, 32, 32, 3), C-contiguous."""
    images = np.empty((len(records), PLANE, CHANNELS), dtype=np.uint8)
    for start in range(0, len(records), BLOCK):
        block = records[start : start + BLOCK]
        for channel in range(CHANNELS):
            first = 2 + channel * PLANE
            images[start : start + BLOCK, :, channel] = block[:, first : first + PLANE]
    return images.reshape(-1, SIDE, SIDE, CHANNELS)


def _notes(digests: dict[str, str]) -> tuple[str, ...]:
    foreign = [name for name, official in OFFICIAL_SHA256.items() if digests[name] != official]
    return tuple(f"{name} is not the official file of CIFAR-100: its SHA-256 is {digests[name]}" for name in foreign)


def _refusal(problem: str, received: str, expected: str) -> InputError:
    return InputError(problem, received=received, expected=expected, remedy=REMEDY)
