"""The watch itself: it notices what a command must not do."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recognition.errors import InputError
from tests.fuzz import command
from tests.fuzz.command import Hang


def fails():
    raise RuntimeError


def loops():
    while True:
        time.sleep(0.01)


def says(problem):
    def deed():
        raise InputError(problem)

    return deed


def writes_then_refuses():
    Path(os.environ["RECOGNITION_STATE"], "file").touch()
    raise InputError("no")


def writes_and_removes():
    Path("file").touch()
    Path("file").unlink()


def connects():
    with socket.socket() as one:
        one.connect_ex(("127.0.0.1", 9))


@pytest.mark.parametrize(
    ("deed", "noticed"),
    [
        (fails, "RuntimeError"),
        (says("\x1b[2J"), "2J"),
        (says("x" * 2_001), "xxx"),
        (says("\n  " * 10), "error"),
        (says("two\nlines"), "a name ends its line"),
        (lambda: print("\u2028"), "u2028"),
        (lambda: print("\ud800"), "UnicodeEncodeError"),
        (writes_then_refuses, "file"),
        (writes_and_removes, "file"),
        (lambda: Path("../file").write_text(""), "file"),
        (lambda: Path("folder").mkdir(), "folder"),
        (connects, "connect"),
        (lambda: subprocess.run([sys.executable, "--version"], check=True, capture_output=True), "Popen"),
    ],
)
def test_it_notices(watched, monkeypatch, deed, noticed):
    monkeypatch.setattr("operations.runs.job.check_job", lambda *_: deed())
    with watched.folder(), pytest.raises(AssertionError, match=noticed):
        watched.check("--config=smoke")


def test_it_notices_a_hang(watched, monkeypatch):
    monkeypatch.setattr("operations.runs.job.check_job", lambda *_: loops())
    monkeypatch.setattr(command, "PATIENCE", 0.05)
    with watched.folder(), pytest.raises(Hang):
        watched.check("--config=smoke")


def test_it_minds_no_refusal(watched):
    with watched.folder():
        assert watched.check("--config=smoke", "--set=train.epochs=0").status == 2
