import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import Timeout

from operations.platform.locks import state_lock

ROOT = Path(__file__).resolve().parents[3]
HOLD = "from operations.platform.locks import state_lock\nwith state_lock('gate'): print('held', flush=True); input()"


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
