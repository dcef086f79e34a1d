"""A run that no command waits for: what its command did in the end is undone here, and done by what its pods run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.operations.outcomes.test_notify import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[3]
AGAIN = """
import sys
from types import SimpleNamespace
from operations.platform.environment import prepare_environment
prepare_environment()
import zenml
from operations.tracking import mlflow_runs, runs, connection
from operations.runs.conclusion import conclude_failure, conclude_run
from recognition.configuration.schema import RunConfig
from recognition.training.retraining import RetrainingRefused

name, *ends = sys.argv[1:]
client, run = connection.connect(), runs.find_run(name)
run_id = mlflow_runs.run_id_of(client, name)
context = SimpleNamespace(pipeline_run=run, _cleanup_registry=SimpleNamespace(register_callback=lambda _: None))
zenml.get_step_context = lambda: context
errors = {"failed": RuntimeError("no memory"), "refused": RetrainingRefused("the data are other ones")}
for how in ends:
    client.update_run(run_id, status="RUNNING")
    client.set_tag(run_id, "commit", "forgotten")
    if how == "well":
        conclude_run(name, RunConfig.model_validate(run.config.parameters["config"]), "smoke", "c0ffee")
    else:
        conclude_failure(errors[how])
    found = client.get_run(run_id)
    print("END", found.info.status, found.data.tags["commit"])
"""


@pytest.fixture
def hook():
    server = Server(200)
    yield server
    server.close()


def test_records_are_finished_and_somebody_is_told(ready_command, digits, hook):
    first = ready_command.run(*digits, f"--set=notify.url={hook.url}", "--summary=summary.json")
    assert first.status == 0
    hook.received.clear()
    assert again(ready_command, first.name, "well", "failed", "refused") == [
        "END FINISHED c0ffee",
        "END FAILED forgotten",
        "END FAILED forgotten",
    ]
    decided, failed, refused = (json.loads(body) for _, _, body in hook.received)
    assert (decided["event"], decided["version"], decided["run"]) == ("promoted", "1", first.name)
    assert decided["report"].endswith("/artifacts")
    assert (failed["event"], failed["reason"]) == ("failed", "no memory")
    assert refused["event"] == "data_changed"
    assert "not trained on" in refused["reason"]


def again(command, name, *ends):
    environment = {**os.environ, "RECOGNITION_STATE": str(command.state), "ZENML_CUSTOM_SOURCE_ROOT": str(ROOT)}
    words = [sys.executable, "-c", AGAIN, name, *ends]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("END ")]
