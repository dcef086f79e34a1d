"""The pods that a train step makes, against a stand-in for the API server and Kubernetes' schemas."""

import json
import os

import kubernetes_validate
import pytest
import yaml

from operations.kubernetes import training_workers as module
from operations.kubernetes.training_workers import LABEL, manifests, tf_config, training_workers
from recognition.errors import InputError, RecognitionError
from tests.k8s.restricted import violations

NAME = "aa12-train-recognition-x7k2p"
PODS = "/api/v1/namespaces/recognition/pods"
JOB = f"/apis/batch/v1/namespaces/recognition/jobs/w-{NAME}"
SERVICE = f"/api/v1/namespaces/recognition/services/w-{NAME}"
MEMORY = {"requests": {"memory": "4Gi", "nvidia.com/gpu": "1"}, "limits": {"memory": "4Gi", "nvidia.com/gpu": "1"}}
CHIEF = {
    "metadata": {
        "name": NAME,
        "uid": "u1",
        "labels": {"project_id": "p", "run_id": "r", "step_name": "train", "job-name": "aa12-train"},
    },
    "spec": {
        "serviceAccountName": "trainer",
        "nodeName": "one",
        "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "nodeSelector": {"gpu": "l4"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "imagePullSecrets": [{"name": "registry"}],
        "containers": [
            {
                "name": "main",
                "image": "localhost/recognition:1",
                "command": ["python", "-m", "zenml.entrypoints.entrypoint"],
                "args": ["--snapshot_id", "s", "--step_name", "train"],
                "env": [{"name": "RECOGNITION_STATE", "value": "/state"}],
                "resources": MEMORY,
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [
                    {"name": "state", "mountPath": "/state"},
                    {"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
                ],
            }
        ],
        "volumes": [
            {"name": "state", "persistentVolumeClaim": {"claimName": "state"}},
            {"name": "token", "projected": {"sources": []}},
        ],
    },
    "status": {"podIP": "10.0.0.7", "phase": "Running"},
}


@pytest.fixture
def pod(fake, tmp_path, monkeypatch):
    """This process is the train step's pod; its fellows begin as soon as they are made."""
    from kubernetes import config

    fake.objects[f"{PODS}/{NAME}"] = CHIEF
    (tmp_path / "namespace").write_text("recognition")
    monkeypatch.setattr(module, "ACCOUNT", tmp_path)
    monkeypatch.setattr(module, "INTERVAL", 0.01)
    monkeypatch.setattr(config, "load_incluster_config", lambda: config.load_kube_config(context="cluster"))
    monkeypatch.setenv("HOSTNAME", NAME)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.setenv("RECOGNITION_WORKERS_PATIENCE", "0.2")
    joined = []
    monkeypatch.setattr(module, "_listens", lambda host: f"{PODS}/{host.split('.')[0]}" in fake.running)
    fake.running = set()
    monkeypatch.setattr(module, "join_cluster", lambda: joined.append(json.loads(os.environ["TF_CONFIG"])))
    return joined


def fellow(fake, number, phase, **status):
    path = f"{PODS}/w-{NAME}-{number}"
    metadata = {"namespace": "recognition", "labels": {LABEL: f"w-{NAME}"}}
    fake.add(path, metadata=metadata, status={"phase": phase, **status})
    if phase == "Running":
        fake.running.add(path)


def test_one_worker_makes_nothing_and_asks_nobody(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with training_workers(1, "step"):
        assert "TF_CONFIG" not in os.environ


def test_workers_that_somebody_else_has_named_are_not_made_again(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "theirs")
    with training_workers(3, "step"):
        assert os.environ["TF_CONFIG"] == "theirs"


def test_all_find_each_other_and_nothing_stays(fake, pod):
    for number in range(2):
        fellow(fake, number, "Running")
    with training_workers(3, "step"):
        (cluster,) = pod
        assert cluster["cluster"]["worker"] == [
            "10.0.0.7:2222",
            f"w-{NAME}-0.w-{NAME}:2222",
            f"w-{NAME}-1.w-{NAME}:2222",
        ]
        assert cluster["task"] == {"type": "worker", "index": 0}
        assert JOB in fake.objects
        assert SERVICE in fake.objects
    assert JOB not in fake.objects
    assert SERVICE not in fake.objects
    assert "TF_CONFIG" not in os.environ


def test_a_cluster_that_refuses_is_told(fake, pod):
    fake.failing = {"/apis/batch": 403}
    told = "the cluster refuses to make the workers of a training"
    with pytest.raises(InputError, match=told), training_workers(2, "step"):
        pass
    assert SERVICE not in fake.objects


def test_what_is_made_goes_too_when_the_training_fails(fake, pod):
    fellow(fake, 0, "Running")
    with pytest.raises(ValueError, match="lost"), training_workers(2, "step"):
        raise ValueError("lost")
    assert JOB not in fake.objects


@pytest.mark.parametrize(
    ("phase", "status", "told"),
    [
        (
            "Pending",
            {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes"}]},
            "no node: 0/1 nodes",
        ),
        ("Failed", {}, "-0 failed\n    starting\n    no such data"),
        (None, {}, "no pod could be made"),
    ],
)
def test_workers_that_do_not_begin(fake, pod, phase, status, told):
    if phase:
        fellow(fake, 0, phase, **status)
    fake.logs = {f"w-{NAME}-0": "starting\nno such data\n"}
    with pytest.raises(RecognitionError) as raised, training_workers(2, "step"):
        pass
    assert "the workers of this training did not begin" in str(raised.value)
    assert told in str(raised.value)
    assert pod == []
    assert JOB not in fake.objects


def test_a_worker_is_the_train_steps_pod_without_its_rights():
    service, job = manifests(CHIEF, 3, "step")
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert (job["spec"]["completions"], job["spec"]["completionMode"]) == (2, "Indexed")
    assert container["image"] == "localhost/recognition:1"
    assert container["resources"] == MEMORY
    assert container["args"] == ["--snapshot_id", "s", "--step_name", "train"]
    assert spec["automountServiceAccountToken"] is False
    assert [volume["name"] for volume in spec["volumes"]] == ["state"]
    assert "nodeName" not in spec
    assert spec["nodeSelector"] == {"gpu": "l4"}
    assert job["metadata"]["ownerReferences"][0]["uid"] == "u1"
    assert "run_id" not in job["spec"]["template"]["metadata"]["labels"]  # or it would be taken for a step's
    assert service["spec"]["selector"] == {LABEL: job["metadata"]["name"]}
    assert spec["subdomain"] == service["metadata"]["name"]
    names = [each["name"] for each in container["env"]]
    assert names == ["RECOGNITION_STATE", "RECOGNITION_STEP_RUN", "TF_CONFIG"]


def test_what_is_made_fits_kubernetes_schemas_and_the_restricted_standard():
    service, job = manifests(CHIEF, 2, "step")
    kubernetes_validate.validate({"apiVersion": "v1", "kind": "Service", **service}, "1.34", strict=True)
    kubernetes_validate.validate({"apiVersion": "batch/v1", "kind": "Job", **job}, "1.34", strict=True)
    assert violations(job["spec"]["template"]["spec"]) == []


def test_a_long_name_stays_a_label_of_dns():
    chief = {**CHIEF, "metadata": {**CHIEF["metadata"], "name": "x" * 62}}
    service, _ = manifests(chief, 100, "step")
    assert len(f"{service['metadata']['name']}-99") <= 63


def test_each_worker_knows_its_place():
    assert json.loads(tf_config("10.0.0.7", "a-w", 2, 1)) == {
        "cluster": {"worker": ["10.0.0.7:2222", "a-w-0.a-w:2222"]},
        "task": {"type": "worker", "index": 1},
    }


def test_the_bootstrap_is_python():
    compile(module.BOOTSTRAP, "bootstrap", "exec")
    assert yaml.safe_load(json.dumps(module.BOOTSTRAP)) == module.BOOTSTRAP
