"""An MLflow server that dies while a run needs it: the training is kept, and the same command registers it."""

import os
from pathlib import Path

import pytest

from tests.operations.mlflow_server import MlflowServer

pytestmark = pytest.mark.slow  # two whole runs

PROJECT = Path(__file__).resolve().parent.parent
USE = """
import sys
from operations.platform.environment import prepare_environment
prepare_environment()
from zenml.client import Client
from zenml.enums import StackComponentType as Part
from zenml.utils.source_utils import set_custom_source_root
set_custom_source_root(sys.path[0])
tracker = {"tracking_uri": sys.argv[1], "tracking_token": "none"}  # which ZenML asks for and this server does not
Client().create_stack_component("served", "mlflow", Part.EXPERIMENT_TRACKER, tracker)
parts = {Part.ORCHESTRATOR: "default", Part.ARTIFACT_STORE: "default", Part.EXPERIMENT_TRACKER: "served"}
Client().create_stack("served", parts)
Client().activate_stack("served")
"""


@pytest.fixture
def server(ready_command, tmp_path, fork_server):
    """An MLflow server, used by the active stack."""
    (tmp_path / "server").mkdir()
    with MlflowServer(tmp_path / "server") as server:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZENML_", "MLFLOW_"))}
        environment = kept | {"RECOGNITION_STATE": str(ready_command.state)}
        with fork_server.talking(["-c", USE, server.address], PROJECT, environment) as (process, *_):
            assert process.wait(200) == 0
        yield server


def test_a_training_outlives_the_server_and_the_same_command_registers_it(ready_command, digits, server):
    running = ready_command.start(*digits, "--summary=summary.json")
    running.wait_for("\nevaluate: ")
    server.kill()
    failed = running.end()
    assert failed.status == 1
    assert "Traceback" not in failed.stderr
    for words in (
        "error: the MLflow server does not answer\n",
        f"  received: {server.address}\n",
        "python run_pipeline.py --config=smoke.yaml",
    ):
        assert words in failed.stderr

    server.start()
    finished = ready_command.run(*digits, "--summary=summary.json")
    assert finished.status == 0, finished.stderr
    assert f"closed run {failed.name}: its command was killed\n" in finished.stdout
    assert {"train", "evaluate"} <= finished.cached()
    assert finished.summary["model"]["aliases"] == ["champion"]

    listed = ready_command.run("models", "list")
    assert (listed.status, listed.stderr) == (0, "")
    assert listed.stdout.splitlines()[1].split()[:2] == ["digits", "1"]
    server.kill()
    told = ready_command.run("models")
    assert told.status == 1
    assert "error: the MLflow server does not answer\n" in told.stderr
    assert "python run_pipeline.py models\n" in told.stderr
