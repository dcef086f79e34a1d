"""A run on a cluster, watched from here: steps' logs as they come, what a pod waits for, and how it all ended.

ZenML does not raise when such a run fails, and the run needs nobody to watch it: whoever leaves, leaves it going.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from operations import runs
from operations.console import say
from operations.kubernetes.cluster import Cluster, connect, is_missing
from operations.kubernetes.pending_guard import REASON
from operations.kubernetes.target import Target
from operations.unreachable import ZENML, silent_server
from recognition.errors import RecognitionError, Terminated
from recognition.retraining import RetrainingRefused

INTERVAL = 3.0  # seconds between looks
LAST_LINES = 10  # of the log of a step that failed
STEP, STEP_JOB, ORCHESTRATOR_JOB = "step_name", "zenml.io/step-name", "zenml.io/orchestrator"
HOPELESS = ("InvalidImageName", "ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError")
ZENML_MARK = "zenml: "  # before what ZenML itself says in a pod
NOISE = re.compile(rf"{ZENML_MARK}|WARNING: All log messages before absl::|I0000 ")  # the latter are TensorFlow's
MESSAGE_PARTS = ("received", "expected", "to mend")


class RunFailed(RecognitionError):  # noqa: N818
    """A run on a cluster did not succeed: exit status 1."""


class Left(KeyboardInterrupt):
    """The run goes on, and the command ends."""


def follow(run_name: str, target: Target, pending_timeout: int) -> None:
    """Watch a submitted run until it ends.

    Args:
        run_name: Its name.
        target: Where it runs.
        pending_timeout: Seconds that the orchestrator's own pod may wait; those of steps have a guard beside it.

    Raises:
        RunFailed: If it failed or somebody stopped it.
        RetrainingRefused: If it refused to train.
        Left: If the run goes on without us, on Ctrl-C or SIGTERM.
        KeyboardInterrupt: If the run was stopped on Ctrl-C.
    """
    run = _find(run_name)
    watch = Watch(connect(target.context), target.namespace, str(run.id), pending_timeout)
    try:
        while (run := _ask(run_name, watch)) is None or not run.status.is_finished:
            watch.look()
            time.sleep(INTERVAL)
        watch.look()
    except KeyboardInterrupt as interruption:
        leave_or_stop(run_name, interruption)
        raise
    if not run.status.is_successful:
        raise failure(run, watch)


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
        self._shown: dict[str, int] = {}  # lines by pod
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
            self._show_log(step, name)
            if pod.status.phase in ("Succeeded", "Failed"):
                self._finished.add(name)

    def _show_log(self, step: str, pod: str) -> None:
        lines = self._read_log(pod)
        if pod not in self._shown:
            say(f"{step}: pod {pod}")
        for line in lines[self._shown.get(pod, 0) :]:
            if not NOISE.match(line):
                say(f"  {line}")
        self._shown[pod] = len(lines)
        self.logs[step] = lines

    def _read_log(self, pod: str) -> list[str]:
        """The client makes "b'…'" of what it decodes itself."""
        from kubernetes.client import ApiException

        read = self._cluster.core.read_namespaced_pod_log
        try:
            answer = read(pod, self._namespace, container="main", _preload_content=False)
        except ApiException as error:
            if is_missing(error) or error.status == 400:  # gone, or not begun
                return []
            raise
        return bytes(answer.data).decode(errors="replace").splitlines()

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
            say(text)

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


def failure(run: Any, watch: Watch) -> RecognitionError:
    """The error of a run that did not succeed: what its failed step said last.

    Args:
        run: ZenML's record of it.
        watch: Who saw its logs.
    """
    reasons: Mapping[str, str] = {}
    with suppress(Exception):  # the failure matters more than its details
        reasons = watch.reasons()
    failed = [name for name, step in run.steps.items() if step.status.value == "failed"]
    failed += filter(None, reasons)  # ZenML calls a step "retrying" whose last pod never began
    if not failed:
        return RunFailed(f"the run is {run.status.value}", received=run.status_reason or "", remedy=_logs_remedy(run))
    name = failed[0]
    info = run.steps[name].exception_info if name in run.steps else None
    if info is not None and (info.source or "").endswith(RetrainingRefused.__name__):
        return _refusal(info.message or "")
    last = [f"    {line}" for line in without_frames(watch.logs.get(name, []))[-LAST_LINES:]]
    told = reasons.get(name) or ((info and info.message) or "").partition("\n")[0]
    return RunFailed("\n".join([f"step {name} failed", *last]), received=told, remedy=_logs_remedy(run))


def without_frames(lines: Sequence[str]) -> list[str]:
    """A log whose tracebacks are reduced to the error that each ends with."""
    kept, margin = [], None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith("Traceback (most recent call last)"):
            margin = indent
        elif margin is None or indent <= margin:
            margin = None
            kept.append(line)
    return kept


def leave_or_stop(run_name: str, interruption: KeyboardInterrupt) -> None:
    """Ask what Ctrl-C was to mean; whoever cannot answer leaves the run going.

    Args:
        run_name: Of the run.
        interruption: Ctrl-C, or Terminated.

    Raises:
        Left: If the run goes on.
    """
    if isinstance(interruption, Terminated) or not _asks_to_stop():
        raise Left(f"run {run_name} goes on on the cluster; zenml pipeline runs stop {run_name} stops it")
    from zenml.utils.run_utils import stop_run

    with suppress(Exception):  # what ended meanwhile cannot be stopped
        stop_run(_find(run_name))
    interruption.args = (f"run {run_name} was stopped; the same command begins again",)


def _ask(run_name: str, watch: Watch) -> Any:
    """ZenML's record of a run; None where its server does not answer, which the run may outlive."""
    try:
        run = _find(run_name)
    except Exception as error:
        if silent_server(error) != ZENML:
            raise
        watch.tell(ZENML, "the ZenML server does not answer; asking again")
        return None
    watch.forget(ZENML)
    return run


def _find(run_name: str) -> Any:
    run = runs.find_run(run_name)
    assert run is not None  # ZenML makes it before it submits anything
    return run


def _asks_to_stop() -> bool:
    if not sys.stdin.isatty():
        return False
    try:
        answer = input("\nstop the run on the cluster too? [y/N] ")
    except (EOFError, KeyboardInterrupt):
        return False
    return answer.strip().lower() in ("y", "yes")


def _killed(pod: Any) -> str:
    """Whether a pod's memory was too small, and how small."""
    for status, container in zip(pod.status.container_statuses or [], pod.spec.containers, strict=False):
        ended = status.state and status.state.terminated
        if ended and ended.reason == "OOMKilled":
            limit = ((container.resources and container.resources.limits) or {}).get("memory", "the namespace's")
            return f"its pod used more memory than its limit, {limit}; resources.memory raises it for the train step"
    return ""


def _refusal(message: str) -> RetrainingRefused:
    """What a step raised in its pod, made again of its message."""
    problem, *lines = message.splitlines() or [""]
    parts = dict(line.strip().split(": ", 1) for line in lines if ": " in line)
    received, expected, remedy = (parts.get(name, "") for name in MESSAGE_PARTS)
    return RetrainingRefused(problem, received=received, expected=expected, remedy=remedy)


def _logs_remedy(run: Any) -> str:
    return (
        f"zenml pipeline runs logs {run.id} shows all of its log, as the dashboard does; "
        "run_pipeline.py stack check tells whether servers and bucket work"
    )
