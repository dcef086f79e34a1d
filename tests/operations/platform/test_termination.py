import os
import signal
import threading
import time

import pytest

from operations.platform.termination import terminable, uninterrupted


@pytest.fixture
def heard():
    """Signals that come to whoever handled them before."""
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    yield heard
    signal.signal(signal.SIGTERM, before)


def test_the_block_goes_on_and_the_signal_comes_through_after_it(heard):
    with terminable() as terminated:
        assert not terminated()
        signal.raise_signal(signal.SIGTERM)
        assert terminated()
        assert heard == []
    assert heard == [signal.SIGTERM]


def test_an_error_does_not_swallow_the_signal(heard):
    def fail():
        signal.raise_signal(signal.SIGTERM)
        raise KeyError

    with pytest.raises(KeyError), terminable():
        fail()
    assert heard == [signal.SIGTERM]


def test_nothing_happens_without_the_signal(heard):
    with terminable():
        pass
    signal.raise_signal(signal.SIGTERM)
    assert heard == [signal.SIGTERM]


def test_a_thread_cannot_handle_signals(heard):
    answers = []

    def work():
        with terminable() as terminated:
            answers.append(terminated())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == [False]


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
