"""What the pods of a run on a cluster show: steps' logs as they come, what a pod waits for, and why it was ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from operations.kubernetes.cluster import Cluster
from operations.kubernetes.failure import RunFailed
from operations.kubernetes.pending_guard import REASON
from operations.kubernetes.pod_log import PodLog
from operations.platform.console import echo

STEP, STEP_JOB, ORCHESTRATOR_JOB = "step_name", "zenml.io/step-name", "zenml.io/orchestrator"
HOPELESS = ("InvalidImageName", "ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError")
ZENML_MARK = "zenml: "  # before what ZenML itself says in a pod
DISK_EXCEEDED = re.compile(r"local (ephemeral )?storage")  # the kubelet's words, of a pod's own limit
NOISE = re.compile(rf"{ZENML_MARK}|WARNING: All log messages before absl::|I0000 ")  # the latter are TensorFlow's


class Watch:
    """What is known of a run's pods.

    Args:
        cluster: Where they are.
        namespace: Theirs.
        run_id: ZenML's id of the run.
        pending_timeout: As of `follow`.

    Attributes:
        logs: Lines of each step's log, as far as they were read.
    """

    def __init__(self, cluster: Cluster, namespace: str, run_id: str, pending_timeout: int) -> None:
        self.logs: dict[str, list[str]] = {}
        self._cluster, self._namespace, self._pending_timeout = cluster, namespace, pending_timeout
        self._selector = f"run_id={run_id}"
        self._pod_logs: dict[str, PodLog] = {}
        self._waiting: dict[str, str] = {}  # what was told of each pod, and of servers
        self._finished: set[str] = set()

    def look(self) -> None:
        """Print what is new; a cluster that does not answer is asked again the next time.

        Raises:
            RunFailed: If the orchestrator's pod cannot begin, or gave up.
        """
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        try:
            for pod in sorted(self._pods(), key=lambda pod: pod.metadata.creation_timestamp):
                self._look_at(pod)
            for job in self._jobs():
                self._look_at_job(job)
        except (ApiException, HTTPError) as error:
            self.tell("", f"the cluster does not answer: {str(error).splitlines()[0][:200]}; asking again")

    def reasons(self) -> Mapping[str, str]:
        """Why steps failed, as far as their Jobs and pods tell, by step's name."""
        found = {}
        for job in self._jobs():
            annotations = job.metadata.annotations or {}
            if STEP_JOB in annotations and REASON in annotations:
                found[annotations[STEP_JOB]] = annotations[REASON]
        for pod in self._pods():
            if killed := _killed(pod):
                found[(pod.metadata.labels or {}).get(STEP, "")] = killed
        return found

    def _pods(self) -> list[Any]:
        return list(self._cluster.core.list_namespaced_pod(self._namespace, label_selector=self._selector).items)

    def _jobs(self) -> list[Any]:
        return list(self._cluster.batch.list_namespaced_job(self._namespace, label_selector=self._selector).items)

    def _look_at(self, pod: Any) -> None:
        step, name = (pod.metadata.labels or {}).get(STEP), pod.metadata.name
        if pod.status.phase == "Pending":
            reason = waiting_reason(pod)
            if reason:
                self.tell(name, f"{step or 'the orchestrator'} waits: {reason}")
            if step is None:
                self._end_hopeless(pod, reason)
        elif step is not None and name not in self._finished:
            has_ended = pod.status.phase in ("Succeeded", "Failed")
            self._show_log(step, name, has_ended)
            if has_ended:
                self._finished.add(name)

    def _show_log(self, step: str, pod: str, has_ended: bool) -> None:
        if pod not in self._pod_logs:
            self._pod_logs[pod] = PodLog(self._cluster, self._namespace, pod)
            self.logs[step] = []
            echo(f"{step}: pod {pod}")
        lines = self._pod_logs[pod].new_lines(has_ended)
        for line in lines:
            if not NOISE.match(line):
                echo(f"  {line}")
        self.logs[step] += lines

    def _look_at_job(self, job: Any) -> None:
        """ZenML learns nothing of a pod that a quota refuses, nor of an orchestrator that was started too often."""
        annotations = job.metadata.annotations or {}
        status = job.status
        if status is None or not (status.active or status.succeeded or status.failed or status.conditions):
            refused = self._refusal(job.metadata.name)
            if refused:
                self.tell(job.metadata.name, f"{annotations.get(STEP_JOB, 'the orchestrator')} gets no pod: {refused}")
        conditions = (status and status.conditions) or []
        failed = [each for each in conditions if each.type == "Failed" and each.status == "True"]
        if failed and ORCHESTRATOR_JOB in annotations:
            told = annotations.get(REASON) or failed[0].message or "no reason given"
            raise RunFailed("the orchestrator's pod failed", received=told, remedy=self._remedy(job.metadata.name))

    def _refusal(self, job: str) -> str:
        selector = f"involvedObject.name={job},reason=FailedCreate"
        events = self._cluster.core.list_namespaced_event(self._namespace, field_selector=selector).items
        return str(events[-1].message) if events else ""

    def _end_hopeless(self, pod: Any, reason: str) -> None:
        age = (datetime.now(UTC) - pod.metadata.creation_timestamp).total_seconds()
        if not reason.startswith(HOPELESS) and (not reason or age < self._pending_timeout):
            return
        job = pod.metadata.labels["job-name"]
        body = {"metadata": {"annotations": {REASON: reason}}, "spec": {"activeDeadlineSeconds": 1}}
        self._cluster.batch.patch_namespaced_job(job, self._namespace, body)
        remedy = "run_pipeline.py stack check" if reason.startswith(HOPELESS) else "resources, or a larger cluster"
        raise RunFailed("the orchestrator's pod cannot begin", received=reason, remedy=remedy)

    def _remedy(self, job: str) -> str:
        return f"kubectl -n {self._namespace} logs job/{job}"

    def tell(self, about: str, text: str) -> None:
        """Print something once, until it changes.

        Args:
            about: What it is about, such as a pod.
            text: The line.
        """
        if self._waiting.get(about) != text:
            self._waiting[about] = text
            echo(text)

    def forget(self, about: str) -> None:
        """Print it once more when it comes back."""
        self._waiting.pop(about, None)


def waiting_reason(pod: Any) -> str:
    """What a pending pod waits for; "" where it only begins.

    Args:
        pod: Of the Kubernetes client.
    """
    for condition in pod.status.conditions or []:
        if condition.type == "PodScheduled" and condition.status == "False":
            return f"no node: {condition.message or condition.reason}"
    for status in pod.status.container_statuses or []:
        waiting = status.state and status.state.waiting
        if waiting and waiting.reason in HOPELESS:
            return f"{waiting.reason}: {waiting.message or status.image}"
    return ""


def _killed(pod: Any) -> str:
    """Whether a pod's memory or disk was too small, and how small."""
    if pod.status.reason == "Evicted" and DISK_EXCEEDED.search(pod.status.message or ""):
        return f"{pod.status.message.strip()} resources.disk raises it"
    for status, container in zip(pod.status.container_statuses or [], pod.spec.containers, strict=False):
        ended = status.state and status.state.terminated
        if ended and ended.reason == "OOMKilled":
            limit = ((container.resources and container.resources.limits) or {}).get("memory", "the namespace's")
            return f"its pod used more memory than its limit, {limit}; resources.memory raises it for the train step"
    return ""
