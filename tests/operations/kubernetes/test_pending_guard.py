"""The guard as it runs in the orchestrator's pod: a program of its own, here against an API server on loopback."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from operations.kubernetes.pending_guard import REASON
from operations.kubernetes.pods import orchestrator_pod

PODS = "/api/v1/namespaces/recognition/pods"
EVENTS = "/api/v1/namespaces/recognition/events"
JOBS = "/apis/batch/v1/namespaces/recognition/jobs"
SAID = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."


def waiting(fake, name, seconds, run="r1", message=SAID):
    created = (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    labels = {"run_id": run, "job-name": name}
    status = {"phase": "Pending", "conditions": [condition]}
    fake.add(f"{PODS}/{name}", metadata={"labels": labels, "creationTimestamp": created}, status=status)
    fake.add(f"{JOBS}/{name}", spec={})


@pytest.fixture
def guard(fake, tmp_path):
    """A function: seconds -> the guard's process, as the pod's specification has it."""
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("recognition")
    fake.add(f"{PODS}/orchestrator-1", metadata={"labels": {"job-name": "orchestrator"}})
    fake.add(f"{JOBS}/orchestrator", metadata={"annotations": {"zenml.io/run-id": "r1"}})
    address = urlsplit(fake.url)
    started = []

    def start(seconds):
        container = orchestrator_pod({}, seconds)["additional_pod_spec_args"]["init_containers"][0]
        environment = {
            "KUBERNETES_SERVICE_HOST": address.hostname,
            "KUBERNETES_SERVICE_PORT": str(address.port),
            "KUBERNETES_SERVICE_SCHEME": "http",
            "TOKEN_FOLDER": str(tmp_path),
            "POD": "orchestrator-1",
        }
        words = [sys.executable, *container["command"][1:]]
        started.append(subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_pod_that_no_node_takes_ends_its_job_and_no_other(fake, guard):
    waiting(fake, "train", seconds=100)
    waiting(fake, "young", seconds=1)
    waiting(fake, "foreign", seconds=100, run="r2")
    process = guard(60)
    told = process.stdout.readline()
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert f"train waited 60 s for a node: {SAID}" in told
    assert fake.objects[f"{JOBS}/train"]["spec"] == {"activeDeadlineSeconds": 1}
    assert fake.objects[f"{JOBS}/train"]["metadata"]["annotations"][REASON].endswith(SAID)
    assert not fake.objects[f"{JOBS}/young"]["spec"]
    assert not fake.objects[f"{JOBS}/foreign"]["spec"]


def test_a_job_that_a_quota_refuses_a_pod_is_ended_too(fake, guard):
    said = 'pods "train-1" is forbidden: exceeded quota: recognition'
    created = (datetime.now(UTC) - timedelta(seconds=100)).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = {"labels": {"run_id": "r1"}, "creationTimestamp": created}
    for name, job in {
        "train": {"spec": {}},
        "queued": {"spec": {"suspend": True}},
        "running": {"spec": {}, "status": {"active": 1}},
        "ended": {"spec": {}, "status": {"conditions": [{"type": "Complete"}]}},
        "slow": {"spec": {}},  # nothing was refused: its pod only takes time
    }.items():
        fake.add(f"{JOBS}/{name}", metadata=dict(metadata), **job)
        if name != "slow":
            about = {"involvedObject": {"name": name}, "reason": "FailedCreate", "message": said}
            fake.add(f"{EVENTS}/{name}.1", **about)
    process = guard(60)
    told = process.stdout.readline()
    process.terminate()
    process.communicate(timeout=30)
    assert f"train waited 60 s for a pod: {said}" in told
    assert {path for path, _ in fake.sent("PATCH")} == {f"{JOBS}/train"}
    assert fake.objects[f"{JOBS}/train"]["spec"] == {"activeDeadlineSeconds": 1}


def test_an_api_server_that_is_away_is_asked_again(fake, guard):
    fake.failing = {"/api": 500}
    process = guard(60)
    assert "asked again later" in process.stdout.readline()
    assert process.poll() is None


def test_zenml_would_replace_no_word_of_it():
    script = orchestrator_pod({}, 60)["additional_pod_spec_args"]["init_containers"][0]["command"][2]
    assert "${" not in script
    assert "{{" not in script
