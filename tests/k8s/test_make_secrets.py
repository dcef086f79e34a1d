import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.k8s.conftest import K8S

FAKE = Path(__file__).with_name("fake_kubectl.py")
GIVEN = {
    "ZENML_STORE_URL": "mysql://zenml:p%40ss@db/zenml?ssl=true",
    "MLFLOW_BACKEND_STORE_URI": "postgresql://mlflow:p%40ss@db/mlflow",
    "S3_BUCKET": "models",
    "S3_ACCESS_KEY_ID": "AKIAFAKE",
    "S3_SECRET_ACCESS_KEY": "hunter2hunter2",
    "DATA_ACCESS_KEY_ID": "AKIAREADS",
    "DATA_SECRET_ACCESS_KEY": "hunter3hunter3",
    "S3_REGION": "eu-central-1",
}


@pytest.fixture
def cluster(tmp_path):
    """A folder in which the fake kubectl keeps a namespace's Secrets."""
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{FAKE.read_text(encoding='utf-8')}", encoding="utf-8")
    program.chmod(0o755)
    folder = tmp_path / "cluster" / "recognition"
    folder.mkdir(parents=True)
    return folder


def make(cluster, *words, **variables):
    path = f"{cluster.parent.parent / 'bin'}:{os.environ['PATH']}"
    environment = {"PATH": path, "FAKE_CLUSTER": str(cluster.parent), **variables}
    command = [sys.executable, str(K8S / "make_secrets.py"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def values(cluster, name):
    data = json.loads((cluster / name).read_text())["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def contents(cluster):
    return {path.name: path.read_bytes() for path in cluster.iterdir()}


def test_dev_makes_up_everything_once(cluster):
    first = make(cluster, "dev")
    made = contents(cluster)
    second = make(cluster, "dev")
    assert (first.returncode, second.returncode) == (0, 0)
    assert contents(cluster) == made
    assert set(made) == {"mysql", "postgres", "s3", "data", "zenml", "mlflow", "mlflow-users"}
    assert "made" not in second.stdout
    assert values(cluster, "mysql")["password"] in values(cluster, "zenml")["store-url"]
    assert values(cluster, "postgres")["password"] in values(cluster, "mlflow")["basic_auth.ini"]


def test_no_value_is_printed_and_two_clusters_share_none(cluster, tmp_path):
    told = make(cluster, "dev").stdout
    before = {value for name in contents(cluster) for value in values(cluster, name).values() if len(value) > 15}
    assert not [value for value in before if value in told]
    for path in cluster.iterdir():
        path.unlink()
    make(cluster, "dev")
    after = {value for name in contents(cluster) for value in values(cluster, name).values() if len(value) > 15}
    assert {value for value in before & after if not value.startswith("http://")} == set()


def test_what_is_missing_is_made_from_what_is_there(cluster):
    make(cluster, "dev")
    address = values(cluster, "zenml")["store-url"]
    (cluster / "zenml").unlink()
    make(cluster, "dev")
    assert values(cluster, "zenml")["store-url"] == address


def test_production_takes_addresses_from_the_environment(cluster):
    assert make(cluster, "production", **GIVEN).returncode == 0
    assert values(cluster, "zenml")["store-url"] == GIVEN["ZENML_STORE_URL"]
    assert values(cluster, "mlflow")["backend-store-uri"] == GIVEN["MLFLOW_BACKEND_STORE_URI"]
    assert values(cluster, "s3") == {
        "access-key-id": "AKIAFAKE",
        "secret-access-key": "hunter2hunter2",
        "bucket": "models",
        "region": "eu-central-1",
    }


def test_who_reads_images_has_another_key_than_who_writes_models(cluster):
    for words in (("dev",), ("production",)):
        assert make(cluster, *words, **GIVEN).returncode == 0
        assert set(values(cluster, "data").values()).isdisjoint(
            {values(cluster, "s3")[name] for name in ("access-key-id", "secret-access-key")}
        )
        for path in cluster.iterdir():
            path.unlink()


def test_what_is_wrong_is_told_and_nothing_made(cluster):
    lacking = make(cluster, "production", **{name: value for name, value in GIVEN.items() if name != "S3_BUCKET"})
    elsewhere = make(cluster, "dev", "--namespace=nowhere")
    assert (lacking.returncode, elsewhere.returncode) == (2, 2)
    assert "S3_BUCKET: name of the bucket" in lacking.stderr
    assert "hunter2" not in lacking.stderr
    assert 'namespaces "nowhere" not found' in elsewhere.stderr
    assert contents(cluster) == {}
