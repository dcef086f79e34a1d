import gc
import mmap
import sys

import numpy as np
import psutil
from memory import Peak, watch, watched

MEGABYTE = 2**20


def test_memory_of_its_own_is_seen_and_that_of_files_is_not(tmp_path):
    path = tmp_path / "array.npy"
    np.save(path, np.ones(50 * MEGABYTE, np.uint8))
    gc.collect()  # what earlier tests left would be given back in between
    before = Peak()
    before.look(psutil.Process())
    with watched() as mapped:
        np.load(path, mmap_mode="r").sum()
    assert mapped.anonymous - before.anonymous < 25 * MEGABYTE
    with watched() as own:
        # straight from the system: an allocator may hand out again what earlier tests have left it
        held = np.frombuffer(mmap.mmap(-1, 50 * MEGABYTE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS), np.uint8)
        held[:] = 1
    assert own.anonymous - before.anonymous > 40 * MEGABYTE


def test_a_command_is_watched_until_it_ends():
    words = "import time; held = bytearray(b'1') * (60 * 2**20); time.sleep(0.5)"
    process = psutil.Popen([sys.executable, "-c", words])
    assert watch(process).anonymous > 50 * MEGABYTE
    assert process.returncode == 0
