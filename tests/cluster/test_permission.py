"""A cluster that is somebody's is not tested on."""

import pytest
import yaml

from tests.cluster.permission import refusal


@pytest.fixture
def kubeconfig(tmp_path, monkeypatch):
    """A function: the API server's address -> its kubeconfig is the one in use."""

    def write(server):
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "theirs",
            "clusters": [{"name": "a", "cluster": {"server": server}}],
            "users": [{"name": "a", "user": {"token": "t"}}],
            "contexts": [{"name": "theirs", "context": {"cluster": "a", "user": "a"}}],
        }
        (tmp_path / "config").write_text(yaml.safe_dump(content))
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "config"))

    monkeypatch.delenv("ALLOW_CLUSTER", raising=False)
    return write


@pytest.mark.parametrize("server", ["https://127.0.0.1:6443", "https://localhost:6443", "https://[::1]:6443"])
def test_a_cluster_on_this_machine_may_be_used(kubeconfig, server):
    kubeconfig(server)
    assert refusal() == ""


def test_another_one_only_where_it_was_named(kubeconfig, monkeypatch):
    kubeconfig("https://cluster.example.org")
    assert "ALLOW_CLUSTER=theirs" in refusal()
    monkeypatch.setenv("ALLOW_CLUSTER", "ours")
    assert refusal()
    monkeypatch.setenv("ALLOW_CLUSTER", "theirs")
    assert refusal() == ""


def test_no_cluster_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    assert "no cluster" in refusal()
