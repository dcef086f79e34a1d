"""Further pods that share a training with the train step's own: an Indexed Job, a headless Service, and TF_CONFIG.

The train step is worker 0 and makes the others, all alike and like itself. They belong to its pod: where that goes,
they go, and the pod that takes its place makes new ones, which go on from the last checkpoint together.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from operations.kubernetes.cluster import Cluster, asked
from operations.platform.console import echo
from operations.platform.environment import WORKERS_PATIENCE
from recognition.errors import RecognitionError
from recognition.training.distribution import CLUSTER_VARIABLE, join_cluster

PORT = 2222  # at which TensorFlow's workers listen
LABEL = "recognition/workers"  # of the pods, so that the Service and a NetworkPolicy know them
STEP_RUN = "RECOGNITION_STEP_RUN"  # ZenML's id of the step that a worker takes part in
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
LAST_LINES = 10  # of the log of a worker that failed
INTERVAL = 2.0  # seconds between looks at pods that begin
NAME_LIMIT = 50  # characters, as a pod's name and its Service's are a label of DNS
# The image may hold other code than was uploaded: ZenML fetches that first, as it does for the step itself.
BOOTSTRAP = """
import runpy, sys
from zenml.entrypoints.step_entrypoint_configuration import StepEntrypointConfiguration
from zenml.utils.source_utils import set_custom_source_root
set_custom_source_root("/app")
StepEntrypointConfiguration(sys.argv[1:]).prepare_code_environment()
runpy.run_module("operations.runs.worker_pod", run_name="__main__")
"""


@contextmanager
def training_workers(count: int, step_run: str) -> Iterator[None]:
    """Let other pods train along, until the block ends.

    Args:
        count: Of all workers, this one included; 1 for none, or where TF_CONFIG names them already.
        step_run: ZenML's id of the step that this is.

    Raises:
        RecognitionError: If their pods do not begin in time, or may not be made.
    """
    if count == 1 or os.environ.get(CLUSTER_VARIABLE):
        yield
        return
    from kubernetes import client, config

    config.load_incluster_config()
    core, batch = client.CoreV1Api(), client.BatchV1Api()
    namespace = (ACCOUNT / "namespace").read_text()
    chief = core.read_namespaced_pod(os.environ["HOSTNAME"], namespace)
    service, job = manifests(client.ApiClient().sanitize_for_serialization(chief), count, step_run)
    name = job["metadata"]["name"]
    try:
        with asked(Cluster(core, batch, None, "of its own pod"), "make the workers of a training"):
            core.create_namespaced_service(namespace, service)
            batch.create_namespaced_job(namespace, job)
        _wait(core, namespace, name, count - 1)
        os.environ[CLUSTER_VARIABLE] = tf_config(chief.status.pod_ip, name, count, 0)
        echo(f"  worker 1 of {count}: waiting for the others")
        join_cluster()
        yield
    finally:
        os.environ.pop(CLUSTER_VARIABLE, None)
        with suppress(client.ApiException):  # they go with this pod at the latest
            batch.delete_namespaced_job(name, namespace, propagation_policy="Background")
        with suppress(client.ApiException):
            core.delete_namespaced_service(name, namespace)


def tf_config(chief: str, name: str, count: int, index: int) -> str:
    """The variable TF_CONFIG of a worker.

    Args:
        chief: Address of the train step's pod.
        name: Of the Job and the Service.
        count: Of all workers.
        index: Of the one that it is for; 0 is the train step.
    """
    others = [f"{name}-{number}.{name}:{PORT}" for number in range(count - 1)]
    return json.dumps({"cluster": {"worker": [f"{chief}:{PORT}", *others]}, "task": {"type": "worker", "index": index}})


def manifests(chief: dict[str, Any], count: int, step_run: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Service and the Job.

    Args:
        chief: The train step's pod, as Kubernetes writes it.
        count: Of all workers.
        step_run: ZenML's id of the step.
    """
    pod = chief["metadata"]
    name = f"w-{pod['name'][-NAME_LIMIT:]}"  # a Service's begins with a letter
    owner = {"apiVersion": "v1", "kind": "Pod", "name": pod["name"], "uid": pod["uid"]}
    metadata = {"name": name, "ownerReferences": [owner], "labels": {LABEL: name}}
    service = {
        "metadata": metadata,
        "spec": {
            "clusterIP": "None",
            "selector": {LABEL: name},
            "publishNotReadyAddresses": True,  # they look for each other before any of them is ready
            "ports": [{"name": "training", "port": PORT}],
        },
    }
    labels = {LABEL: name, "project_id": pod["labels"]["project_id"]}  # not the run's: nobody takes them for its steps
    job = {
        "metadata": metadata,
        "spec": {
            "completions": count - 1,
            "parallelism": count - 1,
            "completionMode": "Indexed",
            "backoffLimit": 0,  # where one is lost, all begin again
            "template": {"metadata": {"labels": labels}, "spec": _pod(chief, name, count, step_run)},
        },
    }
    return service, job


def _pod(chief: dict[str, Any], name: str, count: int, step_run: str) -> dict[str, Any]:
    """The train step's pod without its name, its node and its rights."""
    spec = chief["spec"]
    main = next(each for each in spec["containers"] if each["name"] == "main")
    kept = ("image", "imagePullPolicy", "resources", "securityContext", "envFrom")
    mounts = [mount for mount in main.get("volumeMounts", []) if not mount["mountPath"].startswith(str(ACCOUNT))]
    mounted = {mount["name"] for mount in mounts}
    cluster = tf_config(chief["status"]["podIP"], name, count, -1)
    container = {
        **{key: main[key] for key in kept if key in main},
        "name": "main",
        "command": ["python", "-c", BOOTSTRAP],
        "args": main.get("args", []),
        "env": [
            *main.get("env", []),
            {"name": STEP_RUN, "value": step_run},
            {"name": CLUSTER_VARIABLE, "value": cluster},
        ],
        "volumeMounts": mounts,
    }
    shared = ("nodeSelector", "tolerations", "affinity", "imagePullSecrets", "securityContext", "priorityClassName")
    return {
        **{key: spec[key] for key in shared if key in spec},
        "subdomain": name,
        "restartPolicy": "Never",
        "serviceAccountName": spec["serviceAccountName"],
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "containers": [container],
        "volumes": [volume for volume in spec.get("volumes", []) if volume["name"] in mounted],
    }


def _wait(core: Any, namespace: str, name: str, count: int) -> None:
    """Until all of them listen: TensorFlow itself would wait for one that has failed, without end."""
    patience = float(os.environ.get(WORKERS_PATIENCE) or 900)
    deadline = time.monotonic() + patience
    while not all(_listens(f"{name}-{number}.{name}") for number in range(count)):
        pods = core.list_namespaced_pod(namespace, label_selector=f"{LABEL}={name}").items
        failed = [pod for pod in pods if pod.status.phase == "Failed"]
        if failed or time.monotonic() > deadline:
            raise RecognitionError(
                "the workers of this training did not begin",
                received=_last_words(core, failed[0]) if failed else _reason(pods, patience),
                remedy="resources, train.workers, or a larger cluster or quota",
            )
        time.sleep(INTERVAL)


def _listens(host: str) -> bool:
    try:
        socket.create_connection((host, PORT), INTERVAL).close()
    except OSError:
        return False
    return True


def _last_words(core: Any, pod: Any) -> str:
    """What a pod that failed has printed last."""
    log = core.read_namespaced_pod_log(pod.metadata.name, pod.metadata.namespace, _preload_content=False)
    lines = bytes(log.data).decode(errors="replace").strip().splitlines()[-LAST_LINES:]
    return "\n    ".join([f"pod {pod.metadata.name} failed", *lines])


def _reason(pods: list[Any], patience: float) -> str:
    from operations.kubernetes.watch import waiting_reason

    told = next(filter(None, map(waiting_reason, pods)), "" if pods else "no pod could be made")
    return f"{patience:.0f} s without all of them; {told}".rstrip("; ")
