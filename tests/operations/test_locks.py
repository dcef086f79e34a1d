import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from filelock import Timeout

from operations.locks import state_lock, uninterrupted

ROOT = Path(__file__).resolve().parents[2]
HOLD = "from operations.locks import state_lock\nwith state_lock('gate'): print('held', flush=True); input()"


class Arrived(BaseException):
    """A signal's handler was called."""


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def number(request):
    """A signal whose handler raises."""

    def arrive(*arguments):
        raise Arrived

    before = signal.signal(request.param, arrive)
    yield request.param
    signal.signal(request.param, before)


@pytest.fixture
def bystander():
    """A thread to which the system may give a signal, as there are in a process that uses TensorFlow."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    yield
    done.set()
    thread.join()


@pytest.mark.usefixtures("bystander")
def test_signals_wait_until_the_block_is_done(number):
    done = []
    with pytest.raises(Arrived):  # noqa: PT012
        with uninterrupted():
            os.kill(os.getpid(), number)
            time.sleep(0.05)
            done.append("whole")
        done.append("after")
    assert done == ["whole"]


def test_handlers_come_back(number):
    before = signal.getsignal(number)
    with uninterrupted():
        assert signal.getsignal(number) is not before
    assert signal.getsignal(number) is before


def test_an_error_inside_is_not_lost(number):
    before = signal.getsignal(number)
    with pytest.raises(KeyError), uninterrupted():
        raise KeyError
    assert signal.getsignal(number) is before


def test_other_threads_need_no_protection():
    entered = []

    def enter():
        with uninterrupted():
            entered.append(True)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [True]


def test_a_lock_is_held_against_other_processes_until_they_die(folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Timeout):
            state_lock("gate").acquire(timeout=0)
        with state_lock("registry"):
            holder.kill()
    state_lock("gate").acquire(timeout=5).lock.release()


def test_locks_lie_in_the_state_folder(folder):
    with state_lock("gate"):
        assert (folder / "locks" / "gate.lock").is_file()
