"""What `make lock` wrote: exact versions with hashes, for each Python that the project takes, and nobody's address."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "requirements"
LOCKS = sorted(FOLDER.glob("*.txt"))


def requirements(path):
    """The requirements of a file: a version with its marker, and its hashes."""
    text = re.sub(r"^ *#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [line.split(" --hash=") for line in text.replace(" \\\n   ", "").splitlines()]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_each_requirement_has_one_version_and_hashes(path):
    found = requirements(path)
    assert len(found) > 100 or path.stem == "uv"
    for version, *hashes in found:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==[^ ;]+( ; .+)?$", version)
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each.strip()) for each in hashes)


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_no_address_is_in_a_lock(path):
    assert not re.search(r"://|index-url|find-links", path.read_text(encoding="utf-8"))


def test_uv_installs_itself_in_one_version():
    """What installs the development environment is in it too."""
    (uv,) = requirements(FOLDER / "uv.txt")
    assert uv in requirements(FOLDER / "dev.txt")
