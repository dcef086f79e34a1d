import signal
import threading

import pytest

from operations.termination import terminable


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
