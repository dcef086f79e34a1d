import os
import subprocess

import pytest

from operations.platform.environment import OFFLINE
from operations.tracking.shell import shell_line


@pytest.fixture(autouse=True)
def _nothing_is_set(restored_process):
    for name in (*OFFLINE, "ZENML_CONFIG_PATH", "ZENML_STORE_URL", "RECOGNITION_STATE"):
        os.environ.pop(name, None)


@pytest.mark.parametrize("name", ["state", "with space", "it's; $HOME `x`"])
def test_the_shell_line_is_one_that_a_shell_understands(tmp_path, name):
    os.environ["RECOGNITION_STATE"] = str(tmp_path / name)
    command = f"{shell_line()} && env -0"
    output = subprocess.run(["sh", "-c", command], capture_output=True, env={"PATH": os.environ["PATH"]}, check=True)
    variables = dict(line.split("=", 1) for line in output.stdout.decode().split("\0") if line)
    assert variables["ZENML_CONFIG_PATH"] == str(tmp_path / name / "zenml")
    assert variables["MLFLOW_TRACKING_URI"] == f"sqlite:///{tmp_path / name / 'mlflow' / 'mlflow.db'}"
    assert variables["ZENML_ANALYTICS_OPT_IN"] == "false"
    assert "\n" not in shell_line()


def test_the_shell_line_leaves_the_users_zenml_alone():
    os.environ["ZENML_STORE_URL"] = "https://zenml.example.org"
    assert "ZENML_CONFIG_PATH" not in shell_line()


def test_the_shell_line_keeps_the_users_choice_of_telemetry():
    os.environ["ZENML_ANALYTICS_OPT_IN"] = "true"
    assert "ZENML_ANALYTICS_OPT_IN=true" in shell_line()
