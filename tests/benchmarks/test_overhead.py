import threading

import pytest
from overhead import Stopwatch


def test_a_function_inside_another_is_not_counted_twice():
    watch = Stopwatch()
    inner = watch.watch("imports", lambda: 1)
    assert watch.watch("steps", lambda: inner() + 1)() == 2
    assert set(watch.seconds) == {"steps"}
    assert inner() == 1
    assert set(watch.seconds) == {"steps", "imports"}


def test_what_fails_is_counted_and_what_follows_too():
    watch = Stopwatch()
    with pytest.raises(ZeroDivisionError):
        watch.watch("steps", lambda: 1 / 0)()
    watch.watch("imports", lambda: None)()
    assert set(watch.seconds) == {"steps", "imports"}


def test_other_threads_take_no_wall_time():
    watch = Stopwatch()
    thread = threading.Thread(target=watch.watch("imports", lambda: None))
    thread.start()
    thread.join()
    assert watch.seconds == {}
