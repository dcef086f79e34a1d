"""Ends steps that get no pod, or one that fits on no node: runs beside the orchestrator, so that nobody has to watch.

Its text travels in the pod's specification and knows nothing but the standard library, as the image may hold no code of
ours. It uses the rights that the orchestrator has anyway, pods list and jobs list and patch, and one more, events list.
What was not placed in time has its Job's deadline set to a second, which Kubernetes then calls failed
(DeadlineExceeded) and ZenML reports so; what the scheduler or the quota said stays in the Job's annotation and in this
container's log.
"""

from __future__ import annotations

import json
import os
import signal
import ssl
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

INTERVAL = 5  # seconds
REASON = "recognition/unschedulable"
MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def call(method: str, path: str, body: Any = None) -> Any:
    """An answer of the API server, which the variables and files of a pod name."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    mount = os.environ.get("TOKEN_FOLDER", MOUNT)
    with open(mount + "/token", encoding="utf-8") as file:  # read again each time, as it is renewed
        token = file.read().strip()
    scheme = os.environ.get("KUBERNETES_SERVICE_SCHEME", "https")
    context = ssl.create_default_context(cafile=mount + "/ca.crt") if scheme == "https" else None
    place = "[" + host + "]" if ":" in host else host
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/merge-patch+json"}
    data = None if body is None else json.dumps(body).encode()
    address = scheme + "://" + place + ":" + port + path
    request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310 - the cluster's own
    with urllib.request.urlopen(request, timeout=30, context=context) as answer:  # noqa: S310
        return json.loads(answer.read())


def unschedulable(pod: Any, seconds: int, now: datetime) -> str:
    """What the scheduler said of a pod that has waited longer than this for a node; "" for any other."""
    for condition in pod.get("status", {}).get("conditions") or []:
        is_refused = condition["type"] == "PodScheduled" and condition["status"] == "False"
        if is_refused and has_waited(pod, seconds, now):
            return str(condition.get("message") or condition.get("reason") or "no reason given")
    return ""


def has_waited(found: Any, seconds: int, now: datetime) -> bool:
    """Whether a pod or a Job is as old as this."""
    since = datetime.fromisoformat(found["metadata"]["creationTimestamp"].replace("Z", "+00:00"))
    return (now - since).total_seconds() >= seconds


def is_podless(job: Any) -> bool:
    """Whether a Job has had no pod; one that waits for its turn in a queue is suspended, and is none of these."""
    status = job.get("status") or {}
    had = any(status.get(key) for key in ("active", "succeeded", "failed", "conditions"))
    return not had and not job.get("spec", {}).get("suspend")


def refusal(namespace: str, job: str) -> str:
    """Why no pod could be made for a Job, such as a quota; "" where nothing was refused."""
    query = urllib.parse.urlencode({"fieldSelector": "involvedObject.name=" + job + ",reason=FailedCreate"})
    events = call("GET", "/api/v1/namespaces/" + namespace + "/events?" + query)["items"]
    return str(events[-1].get("message") or "no reason given") if events else ""


def own_run(namespace: str, pod: str) -> str:
    """The label that pods and Jobs of this run have, for a query; "" while the run has no name yet."""
    found = call("GET", "/api/v1/namespaces/" + namespace + "/pods/" + pod)
    job = found["metadata"].get("labels", {}).get("job-name", "")
    annotations = call("GET", "/apis/batch/v1/namespaces/" + namespace + "/jobs/" + job)["metadata"].get("annotations")
    run = (annotations or {}).get("zenml.io/run-id", "")
    return urllib.parse.urlencode({"labelSelector": "run_id=" + run}) if run else ""


def waiting(namespace: str, run: str, seconds: int) -> Iterator[tuple[str, str]]:
    """Names of Jobs that have waited too long, and what for."""
    now = datetime.now(UTC)
    pods = "/api/v1/namespaces/" + namespace + "/pods?fieldSelector=status.phase%3DPending&" + run
    for pod in call("GET", pods)["items"]:
        said = unschedulable(pod, seconds, now)
        if said:
            yield pod["metadata"]["labels"]["job-name"], "a node: " + said
    for job in call("GET", "/apis/batch/v1/namespaces/" + namespace + "/jobs?" + run)["items"]:
        name = job["metadata"]["name"]
        said = refusal(namespace, name) if is_podless(job) and has_waited(job, seconds, now) else ""
        if said:
            yield name, "a pod: " + said


def end_waiting(namespace: str, run: str, seconds: int) -> Iterator[str]:
    """End the Jobs that have waited too long; a line about each."""
    for job, reason in list(waiting(namespace, run, seconds)):
        told = "waited " + str(seconds) + " s for " + reason
        patch = {"metadata": {"annotations": {REASON: told}}, "spec": {"activeDeadlineSeconds": 1}}
        call("PATCH", "/apis/batch/v1/namespaces/" + namespace + "/jobs/" + job, patch)
        yield job + " " + told


def main() -> None:
    """Look every few seconds until the orchestrator ends; an API server that is away is asked again."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # a container's first process has no handler of its own
    with open(os.environ.get("TOKEN_FOLDER", MOUNT) + "/namespace", encoding="utf-8") as file:
        namespace = file.read().strip()
    seconds, run = int(sys.argv[1]), ""
    while True:
        try:
            run = run or own_run(namespace, os.environ["POD"])
            for line in end_waiting(namespace, run, seconds) if run else ():
                print(line, flush=True)  # noqa: T201 - its log
        except (OSError, KeyError, ValueError) as error:
            print("asked again later:", error, flush=True)  # noqa: T201
        time.sleep(INTERVAL)


if __name__ == "__main__":
    main()
