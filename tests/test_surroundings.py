"""A machine that is not as one would like: each command ends in clear words, and the same one later loses nothing."""

import subprocess
from contextlib import suppress

import pytest

from tests.conftest import commanding

pytestmark = pytest.mark.slow

JUMPING_CLOCK = """
import time
def jumping(read, unit):
    start = read()
    return lambda: (now := read()) + (now - start) // (2 * unit) % 2 * 3600 * unit  # an hour on, two seconds later back
time.time, time.time_ns = jumping(time.time, 1), jumping(time.time_ns, 10**9)
"""


def permitted(*words):
    """Do what not every user, container or file system may; else the test is skipped."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip(f"there is no {words[0]}")
    if done.returncode:
        pytest.skip(f"{' '.join(map(str, words))}: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    permitted("mount", "-t", "tmpfs", "-o", "size=300m", "none", folder)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def on_disk(disk, tmp_path, fork_server):
    """The command on a state folder on that disk."""
    yield from commanding(tmp_path, fork_server, disk / "state")


def fill(file):
    with suppress(OSError), file.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(2**16))


def refused(ended, *words):
    assert ended.status == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    for word in words:
        assert word in ended.stderr
    assert len(ended.stderr.splitlines()) <= 10


def finished(ended):
    assert ended.status == 0, ended.stderr
    assert ended.summary["model"]["aliases"] == ["champion"]


def test_a_disk_that_fills_in_mid_run(disk, on_disk, digits):
    running = on_disk.start(*digits)
    running.wait_for("\naugmentation: ")
    fill(disk / "another's")
    refused(running.end(), "no space left")
    refused(on_disk.run(*digits), "space")
    (disk / "another's").unlink()
    finished(on_disk.run(*digits, "--summary=summary.json"))


def test_a_disk_that_becomes_read_only_in_mid_run(disk, on_disk, digits):
    running = on_disk.start(*digits)
    running.wait_for("\naugmentation: ")
    permitted("mount", "--bind", on_disk.state, on_disk.state)  # what is open for writing keeps a disk from changing
    permitted("mount", "-o", "remount,bind,ro", on_disk.state)
    refused(running.end(), "the state folder can be written no more")
    refused(on_disk.run(*digits), "the state folder cannot be written", "Read-only file system")
    permitted("umount", on_disk.state)
    finished(on_disk.run(*digits, "--summary=summary.json"))


def test_a_state_folder_that_nobody_may_change(command, digits):
    command.state.mkdir()
    permitted("chattr", "+i", command.state)
    try:
        refused(command.run(*digits), "the state folder cannot be written", "Operation not permitted")
        assert list(command.state.iterdir()) == []
    finally:
        permitted("chattr", "-i", command.state)


def test_a_user_without_a_name_and_without_a_home(command, digits):
    stranger = ("unshare", "--user", "--map-user=12345", "--map-group=12345")
    permitted(*stranger, "true")
    nameless = {"HOME": "/proc/none", "USER": "", "LOGNAME": ""}
    finished(command.run(*digits, "--summary=summary.json", before=stranger, **nameless))


def test_a_clock_that_jumps_an_hour_and_back(command, digits, tmp_path):
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(JUMPING_CLOCK)
    for _ in range(2):
        finished(command.run(*digits, "--summary=summary.json", forked=False, PYTHONPATH=str(tmp_path / "clock")))
