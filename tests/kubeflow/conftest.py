"""What a compiled pipeline refers to: ZenML's server with passwords, MLflow's, a bucket; an environment with kfp."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import pytest
import yaml

from tests.conftest import PROJECT, Command
from tests.operations.mlflow_server import MlflowServer

PYTHON = PROJECT / ".venv-kubeflow" / "bin" / "python"
PATIENCE = 120  # seconds for a server to begin, and a step to end


@dataclass(frozen=True)
class Servers:
    """Addresses, and what must stand in no file."""

    zenml: str
    mlflow: str
    s3: str
    api_key: str
    bucket_key: str
    tracker_password: str

    @property
    def secrets(self):
        return self.api_key, self.bucket_key, self.tracker_password


class KubeflowCommand(Command):
    """`run_pipeline.py` of who has kfp installed."""

    python = str(PYTHON)


@pytest.fixture(scope="session")
def servers(tmp_path_factory, s3_server):
    """The three, with the account and secrets of k8s/make_accounts.py."""
    if not PYTHON.exists():
        pytest.exit("there is no .venv-kubeflow: make test-kubeflow makes it", returncode=2)
    sys.path.insert(0, str(PROJECT / "k8s"))
    import make_accounts

    password, bucket_key, tracker_password = (secrets.token_hex(12) for _ in range(3))
    with (
        _zenml_server(tmp_path_factory.mktemp("zenml"), password) as zenml,
        MlflowServer(tmp_path_factory.mktemp("mlflow")) as mlflow,
    ):
        token = make_accounts.log_in(zenml, password)
        bucket = {"aws_access_key_id": "testing", "aws_secret_access_key": bucket_key}
        make_accounts.make_zenml_secret(zenml, token, "s3", bucket)
        tracker = {"username": "pipeline", "password": tracker_password}
        make_accounts.make_zenml_secret(zenml, token, "mlflow", tracker)
        api_key = make_accounts.make_api_key(zenml, token)
        yield Servers(zenml, mlflow.address, s3_server, api_key, bucket_key, tracker_password)


@contextmanager
def _zenml_server(folder, password):
    """ZenML's server on loopback, with the variables of k8s/base/zenml.yaml; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "ZENML_CONFIG_PATH": str(folder / "config"),
        "ZENML_STORE_TYPE": "sql",
        "ZENML_STORE_URL": f"sqlite:///{folder}/zenml.db",
        "ZENML_SERVER_AUTO_ACTIVATE": "true",
        "ZENML_DEFAULT_USER_PASSWORD": password,
        "ZENML_DEFAULT_USER_NAME": "admin",
        "ZENML_ANALYTICS_OPT_IN": "false",
    }
    words = [sys.executable, "-m", "uvicorn", "zenml.zen_server.zen_server_api:app", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, env={**os.environ, **settings}, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/ready")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def applied(servers, tmp_path_factory):
    """The command, with k8s/stacks/production.yaml applied, whose code is in the image."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": servers.bucket_key, "region_name": "eu-central-1"}
    place = {"LocationConstraint": "eu-central-1"}
    boto3.client("s3", endpoint_url=servers.s3, **keys).create_bucket(
        Bucket="example-recognition", CreateBucketConfiguration=place
    )
    stack = yaml.safe_load((PROJECT / "k8s" / "stacks" / "production.yaml").read_text())
    stack["artifact_store"]["endpoint_url"], stack["tracker"]["uri"] = servers.s3, servers.mlflow
    folder = tmp_path_factory.mktemp("compile")
    (folder / "stack.yaml").write_text(yaml.safe_dump(stack))
    command = KubeflowCommand(folder / "state", folder / "runs")
    user = {"ZENML_CONFIG_PATH": str(folder / "config")}  # the machine's own stays as it is
    environment = {"ZENML_STORE_URL": servers.zenml, "ZENML_STORE_API_KEY": servers.api_key, **user}
    done = command.run("stack", "apply", folder / "stack.yaml", **environment)
    assert done.status == 0, done.stderr
    yield lambda *words: command.run(*words, **environment)
    command.kill_all()


def _wait_for(address):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"{address} does not answer"
            time.sleep(0.3)
