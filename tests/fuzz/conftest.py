"""Profiles and fixtures of the fuzz tests: a short and always equal one for `make test`, a long one for `make fuzz`."""

import os
import sys
from functools import cache
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.configuration import set_hypothesis_home_dir

from operations.platform.code import code_hash
from tests.fuzz.command import WatchedCommand, accept

set_hypothesis_home_dir(os.path.join(os.path.dirname(__file__), "..", "..", ".pytest_cache", "hypothesis"))
COMMON = {  # no deadline, since each example has its own against hangs
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
}
QUICK = [Phase.explicit, Phase.generate, Phase.shrink]
settings.register_profile("quick", **COMMON, max_examples=40, derandomize=True, database=None, phases=QUICK)
settings.register_profile("nightly", **COMMON, max_examples=int(os.environ.get("EXAMPLES", "20000")), print_blob=True)
settings.load_profile("quick")


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """The command, watched; it ends where the pipeline would start."""
    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECOGNITION_STATE", str(folder / "state"))
        patch.delenv("RECOGNITION_DATA", raising=False)
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.setattr("run_pipeline.prepare_environment", lambda debug: None)
        patch.setattr("operations.runs.job.git_commit", lambda: None)
        patch.setattr("operations.runs.job.code_hash", cache(code_hash))  # of the same code for each example
        stack = SimpleNamespace(active_stack_name=accept, describe_resources=accept)
        patch.setitem(sys.modules, "operations.platform.stack", stack)
        yield WatchedCommand(folder)
