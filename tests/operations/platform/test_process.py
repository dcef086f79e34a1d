import gc
import os
import subprocess
import sys

from operations.platform.environment import PROJECT
from operations.platform.process import collect_seldom

SCRIPT = """
import atexit, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from operations.platform.process import leave

class Module:
    def __del__(self):
        print("taken apart", flush=True)

def slowly(word):
    time.sleep(0.2)
    sys.stdout.write(f"{word}\\n")  # at once, as another thread may write between a word and its end

keeper = Module()
keeper.itself = keeper  # only the interpreter's end would take it apart
atexit.register(print, "at exit")
ThreadPoolExecutor(1).submit(slowly, "in a pool")
threading.Thread(target=slowly, args=("in a thread",)).start()
sys.stdout.write("unflushed, ")
leave(4)
"""


def test_a_process_ends_in_order_but_is_not_taken_apart():
    ended = subprocess.run([sys.executable, "-c", SCRIPT], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 4
    assert ended.stderr == ""
    assert ended.stdout.startswith("unflushed, ")
    assert sorted(ended.stdout.removeprefix("unflushed, ").splitlines()) == ["at exit", "in a pool", "in a thread"]


def test_a_reader_that_has_gone_changes_no_status():
    script = "import sys; from operations.platform.process import leave; print('x' * 100); sys.stdin.read(); leave(3)"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    process.stdout.close()
    process.stdin.close()
    assert process.wait(60) == 3


def test_young_objects_are_collected_as_often_as_ever():
    before = gc.get_threshold()
    try:
        collect_seldom()
        assert gc.get_threshold()[:2] == before[:2]
        assert gc.get_threshold()[2] > before[2]
    finally:
        gc.set_threshold(*before)
