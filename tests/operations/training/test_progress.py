import fcntl
import io
import os
import re
import struct
import termios

import pytest

from operations.training.progress import TrainingProgress
from tests.recognition.report.samples import history_of


@pytest.fixture
def terminal(monkeypatch):
    """A terminal in the place of standard output; a function: () -> what it has shown since."""
    reader, writer = os.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    os.set_blocking(reader, False)
    with open(writer, "w") as file:
        monkeypatch.setattr("sys.__stdout__", file)
        yield lambda: file.flush() or os.read(reader, 100_000).decode()
        monkeypatch.undo()
    os.close(reader)


@pytest.fixture
def pipe(monkeypatch):
    """Standard output is no terminal."""
    monkeypatch.setattr("sys.__stdout__", io.StringIO())


def play(progress, steps=10, metric="accuracy"):
    progress.log("training on cpu")
    for step in range(1, steps + 1):
        progress.on_step(step * 100, steps * 100, 250.0)
    progress.on_epoch(history_of(1, 1, metric).epochs[0])


@pytest.mark.usefixtures("pipe")
def test_without_a_terminal_there_are_plain_lines_only(capfd):
    play(TrainingProgress("accuracy"))
    out, err = capfd.readouterr()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out + err)
    assert [line.strip() for line in out.splitlines()] == [
        "training on cpu",
        "epoch 1: loss 4.000, validation loss 4.500, validation accuracy 5.00%, 4500 images/s, 10 s",
    ]


@pytest.mark.usefixtures("pipe")
def test_a_metric_that_decides_is_named(capsys):
    play(TrainingProgress("macro_f1"), metric="macro_f1")
    assert ", validation accuracy 5.00%, macro F1 4.00%, 4500 images/s, " in capsys.readouterr().out


@pytest.mark.usefixtures("pipe")
def test_a_long_epoch_is_heard_of_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr("operations.training.progress.PLAIN_INTERVAL", 0.0)
    progress = TrainingProgress("accuracy")
    progress.on_step(1_500, 4_000, 250.0)
    assert capsys.readouterr().out == "  1,500 of 4,000 images, 250 images/s, 10 s left\n"


def test_without_any_standard_output_nothing_breaks(monkeypatch, capsys):
    monkeypatch.setattr("sys.__stdout__", None)
    play(TrainingProgress("accuracy"))
    assert "epoch 1" in capsys.readouterr().out


def test_a_terminal_shows_a_bar_that_is_gone_when_lines_come(terminal, capsys):
    progress = TrainingProgress("accuracy")
    for step in range(1, 5):
        progress.on_step(step * 100, 1000, 250.0)
    shown = terminal()
    assert "100/1000" in shown
    assert "images/s" in shown
    assert shown.startswith("\r")
    progress.on_epoch(history_of(1, 1).epochs[0])
    assert terminal().endswith("\r")
    assert "epoch 1" in capsys.readouterr().out


def test_a_bar_of_a_resumed_training_starts_where_it_stopped(terminal):
    progress = TrainingProgress("accuracy")
    progress.on_step(700, 1000, 250.0)
    assert " 70%" in terminal()
    progress.log("end the bar")
