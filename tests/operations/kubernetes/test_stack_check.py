"""Each part of a stack against a stand-in: an API server on loopback, moto's S3, MLflow's local database."""

from types import SimpleNamespace

import pytest

from operations.kubernetes.cluster import connect
from operations.kubernetes.images import find_image
from operations.kubernetes.rights import ORCHESTRATOR
from operations.kubernetes.stack_check import (
    check_account,
    check_bucket,
    check_gpus,
    check_namespace,
    check_quota,
    check_rights,
    check_server,
    check_stack,
    check_tracker,
    require_stack,
)
from operations.kubernetes.stack_text import render_finding
from operations.platform.target import Target
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.resources import ResourcesConfig
from recognition.errors import InputError

TARGET = Target(
    stack="dev",
    context="cluster",
    namespace="recognition",
    accounts=("orchestrator", "step"),
    image="localhost/recognition:1",
    gpu_image="localhost/recognition:1",
    code="uploaded",
    step_pod={},
    orchestrator_pod={},
)
NAMESPACE = "/api/v1/namespaces/recognition"


def node(fake, name, gpus=0, labels=(), images=()):
    status = {"allocatable": {"nvidia.com/gpu": str(gpus)}, "images": [{"names": list(images)}]}
    fake.add(f"/api/v1/nodes/{name}", metadata={"labels": dict(labels)}, spec={}, status=status)


@pytest.fixture
def store(s3_server, s3):
    """A function: a path -> ZenML's artifact store there."""
    from datetime import datetime
    from uuid import uuid4

    from zenml.enums import StackComponentType
    from zenml.integrations.s3.artifact_stores import S3ArtifactStore
    from zenml.integrations.s3.flavors import S3ArtifactStoreConfig

    def made(path, endpoint=s3_server):
        config = S3ArtifactStoreConfig(path=path, client_kwargs={"endpoint_url": endpoint})
        now = datetime(2026, 1, 1)
        kind = StackComponentType.ARTIFACT_STORE
        return S3ArtifactStore("s3", uuid4(), config, "s3", kind, uuid4(), now, now)

    return made


def test_a_namespace_that_is_there_or_not(fake, cluster):
    assert not check_namespace(cluster, "recognition")[0]
    fake.objects[NAMESPACE] = {"metadata": {"name": "recognition"}}
    assert check_namespace(cluster, "recognition") == (True, "recognition", "")
    fake.failing = {"/api/v1/namespaces": 403}
    assert check_namespace(cluster, "recognition")[0]


def test_rights_are_told_one_by_one(fake, cluster):
    assert check_rights(cluster, "recognition")[0]
    fake.denied = {"create jobs", "patch cronjobs", "get pods/log"}
    ok, told, remedy = check_rights(cluster, "recognition")
    assert not ok
    assert told == "lacking: get pods/log, create jobs, patch cronjobs"
    assert "--role=submitter" in remedy


def test_the_orchestrators_rights_are_those_of_its_account(fake, cluster):
    fake.denied = {"patch jobs"}
    assert check_account(cluster, "recognition", "orchestrator", ORCHESTRATOR)[:2] == (
        False,
        "ServiceAccount orchestrator, lacking: patch jobs",
    )
    _, asked = fake.sent("POST")[0]
    assert asked["spec"]["user"] == "system:serviceaccount:recognition:orchestrator"
    fake.failing = {"/apis/authorization": 403}
    assert check_account(cluster, "recognition", "orchestrator", ORCHESTRATOR)[0]


@pytest.mark.parametrize(
    ("asked", "selector", "ok"),
    [(2, {}, True), (3, {}, False), (1, {"pool": "a"}, True), (2, {"pool": "a"}, False), (1, {"pool": "c"}, False)],
)
def test_one_node_has_to_have_the_gpus(fake, cluster, asked, selector, ok):
    node(fake, "one", 1, {"pool": "a"})
    node(fake, "two", 2, {"pool": "b"})
    assert check_gpus(cluster, ResourcesConfig(gpus=asked, node_selector=selector))[0] is ok


@pytest.mark.parametrize(
    ("asked", "workers", "told"),
    [
        ({"memory": "33Gi"}, 1, "33Gi asked for of 32Gi requests.memory, 33Gi asked for of 32Gi limits.memory"),
        ({"cpu": "500m", "memory": "32Gi"}, 1, ""),
        ({"memory": "8Gi"}, 4, ""),
        ({"memory": "8Gi"}, 5, "8Gi by each of 5 workers asked for of 32Gi requests.memory"),
        ({"cpu": 9}, 1, "9 asked for of 8 requests.cpu"),
        ({"gpus": 3}, 1, "3 asked for of 2 requests.nvidia.com/gpu"),
    ],
)
def test_a_quota_is_not_asked_for_more_than_it_allows(fake, cluster, asked, workers, told):
    amounts = {"requests.cpu": "8", "requests.memory": "32Gi", "limits.memory": "32Gi", "requests.nvidia.com/gpu": "2"}
    fake.add("/api/v1/namespaces/recognition/resourcequotas/all", spec={"hard": amounts})
    ok, said, remedy = check_quota(cluster, "recognition", ResourcesConfig(**asked), workers)
    assert (ok, bool(remedy)) == (not told, bool(told))
    assert told in said
    fake.failing = {"/api/v1/namespaces/recognition/resourcequotas": 403}
    assert check_quota(cluster, "recognition", ResourcesConfig(**asked), workers)[0]


def test_an_image_is_on_a_node_or_not(fake, cluster):
    node(fake, "one", images=["localhost/recognition:1"])
    assert find_image(cluster, "localhost/recognition:1") == (True, "localhost/recognition:1, on a node", "")
    assert not find_image(cluster, "localhost/recognition:2")[0]
    fake.failing = {"/api/v1/nodes": 403}
    assert find_image(cluster, "localhost/recognition:2")[0]  # nobody knows


@pytest.mark.parametrize(("status", "ok"), [(200, True), (401, True), (404, False)])
def test_a_registry_is_asked(fake, cluster, monkeypatch, status, ok):
    asked = []

    def head(address, **options):
        asked.append(address)
        return SimpleNamespace(status_code=status)

    monkeypatch.setattr("operations.kubernetes.images.requests.head", head)
    assert find_image(cluster, "ghcr.io:5000/vision/recognition:1")[0] is ok
    assert asked == ["https://ghcr.io:5000/v2/vision/recognition/manifests/1"]


def test_a_bucket_is_written_read_and_left_as_it_was(store, s3):
    ok, told, _ = check_bucket(store("s3://photos/zenml"))
    assert ok, told
    assert "Contents" not in s3.list_objects_v2(Bucket="photos")


def test_a_bucket_that_is_missing(store):
    ok, _, remedy = check_bucket(store("s3://nowhere/zenml"))
    assert not ok
    assert "make the bucket nowhere" in remedy


def test_no_server_is_a_finding(state):
    ok, told, remedy = check_server()
    assert not ok
    assert "which no pod reaches" in told
    assert "ZENML_STORE_URL" in remedy


def test_a_server_of_another_version(monkeypatch):
    store = SimpleNamespace(
        type=SimpleNamespace(value="rest"),
        url="http://zenml",
        get_store_info=lambda: SimpleNamespace(version="0.90.0"),
    )
    monkeypatch.setattr("zenml.client.Client", lambda: SimpleNamespace(zen_store=store))
    ok, told, remedy = check_server()
    assert not ok
    assert told.startswith("0.90.0 at http://zenml, and ")
    assert "pip install zenml==0.90.0" in remedy


def test_a_tracker_that_answers(state):
    assert check_tracker(None)[:2] == (True, "local, its registry too")


def test_all_parts_are_told_and_a_run_is_refused_with_every_remedy(fake, store, state):
    fake.denied = {"create jobs"}
    fake.objects[NAMESPACE] = {"metadata": {"name": "recognition"}}
    node(fake, "one", images=["localhost/recognition:1"])
    stack = SimpleNamespace(artifact_store=store("s3://photos/zenml"), experiment_tracker=None)
    found = {finding.part: finding.ok for finding in check_stack(stack, TARGET, ResourcesConfig(gpus=1))}
    assert found == {
        "ZenML server": False,
        "bucket": True,
        "MLflow tracker": True,
        "cluster": True,
        "namespace": True,
        "your rights": False,
        "pods' rights": False,
        "image": True,
        "quota": True,
        "GPUs": False,
    }
    with pytest.raises(InputError) as error:
        require_stack(stack, TARGET, RunConfig(resources=ResourcesConfig(gpus=1)))
    assert "nothing was submitted" in str(error.value)
    assert "your rights: lacking: create jobs; kubectl" in str(error.value)
    assert "GPUs: 0 on 1 node, 1 asked for on one" in str(error.value)


def test_a_cluster_that_is_not_there_ends_the_list(fake, store, state):
    fake.failing = {"/version": 401}
    stack = SimpleNamespace(artifact_store=store("s3://photos/zenml"), experiment_tracker=None)
    last = list(check_stack(stack, TARGET))[-1]
    assert last.part == "cluster"
    assert "may have expired" in last.detail
    assert "to mend: log in to the cluster again" in render_finding(last)


def test_without_kubeconfig_and_with_another_context(fake, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"received: elsewhere\n  expected: one of cluster"):
        connect("elsewhere")
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    with pytest.raises(InputError, match="no kubeconfig that can be read"):
        connect("cluster")


def test_without_the_client(monkeypatch):
    monkeypatch.setattr("operations.kubernetes.cluster.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install -e \.\[kubernetes\]"):
        connect("cluster")


def test_a_certificate_that_has_expired(cluster):
    from urllib3.exceptions import MaxRetryError, SSLError

    from operations.kubernetes.cluster import asked

    with pytest.raises(InputError, match="certificate, or yours, is not valid"), asked(cluster, "tell its version"):
        raise MaxRetryError(None, "/version", SSLError("certificate verify failed: certificate has expired"))
