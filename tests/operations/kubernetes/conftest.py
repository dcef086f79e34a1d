import pytest

from tests.operations.kubernetes.fake_cluster import FakeCluster


@pytest.fixture(scope="module")
def secrets(state):
    """What the stacks of these tests refer to."""
    from zenml.client import Client

    known = {secret.name for secret in Client().list_secrets().items}
    for name, values in {
        "s3": {"aws_access_key_id": "AKIA", "aws_secret_access_key": "hunter2"},
        "mlflow": {"username": "pipeline", "password": "hunter2"},
    }.items():
        if name not in known:
            Client().create_secret(name, values)


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """An API server on loopback, which the kubeconfig's context `cluster` names."""
    cluster = FakeCluster()
    path = cluster.kubeconfig(tmp_path / "kubeconfig")
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))
    yield cluster
    cluster.close()


@pytest.fixture
def cluster(fake):
    """The same, as our code sees it."""
    from operations.kubernetes.cluster import connect

    return connect("cluster")
