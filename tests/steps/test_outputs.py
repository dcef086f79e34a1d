import os
import subprocess
import sys

import pytest

from tests.conftest import PROJECT


@pytest.mark.slow
def test_the_order_of_outputs_is_that_of_every_process(tmp_path):
    """ZenML's cache key depends on it."""
    orders = set()
    for seed in range(4):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed), "RECOGNITION_STATE": str(tmp_path)}
        words = [sys.executable, "-m", "tests.steps.outputs"]
        shown = subprocess.run(words, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
        orders.add(shown.stdout)
    assert len(orders) == 1
