"""Fixtures that more than one folder of tests uses."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

FOLDER = "cifar-100-binary"


@pytest.fixture(scope="session")
def cifar100_path():
    """What RECOGNITION_DATA names: the real CIFAR-100, or the folder that holds it, fit for data.path."""
    place = os.environ.get("RECOGNITION_DATA")
    if place:
        return Path(place)
    if os.environ.get("RECOGNITION_REQUIRE_DATA") == "1":
        pytest.fail("RECOGNITION_REQUIRE_DATA is 1, but RECOGNITION_DATA is not set", pytrace=False)
    return pytest.skip("needs CIFAR-100: set RECOGNITION_DATA to its archive or folder")


@pytest.fixture(scope="session")
def cifar100_contents():
    """A function: `train` and `test` random images of each of 100 classes -> the four files, bytes by name."""
    return _contents


@pytest.fixture(scope="session")
def pack():
    """A function: a path and members, bytes or a TarInfo by name -> the tar.gz (or, by suffix, tar) at that path."""
    return _pack


@pytest.fixture(scope="session")
def make_cifar100_archive():
    """A function: a path, and `train` and `test` images a class -> a valid archive of random images at that path."""

    def make(path, train=4, test=2, seed=0):
        contents = _contents(train, test, seed)
        return _pack(path, {f"{FOLDER}/{name}": content for name, content in contents.items()})

    return make


def _contents(train=4, test=2, seed=0):
    generator = np.random.default_rng(seed)
    return {
        "train.bin": _records(train, generator),
        "test.bin": _records(test, generator),
        "fine_label_names.txt": "".join(f"class_{label}\n" for label in range(100)).encode(),
        "coarse_label_names.txt": "".join(f"superclass_{label}\n" for label in range(20)).encode(),
    }


def _records(per_class, generator):
    labels = generator.permutation(np.repeat(np.arange(100, dtype=np.uint8), per_class))
    pixels = generator.integers(0, 256, (len(labels), 3072), dtype=np.uint8)
    return np.concatenate([labels[:, np.newaxis] // 5, labels[:, np.newaxis], pixels], axis=1).tobytes()


def _pack(path, members):
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                tar.addfile(content)
            else:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return path
