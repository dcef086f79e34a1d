"""Pods of a run, as ZenML's KubernetesPodSettings take them: restricted, and only the train step gets what it asks for.

Below `additional_pod_spec_args` names are Python's at first (`security_context`) and Kubernetes' own within.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from operations.platform.environment import STATE_VARIABLE
from recognition.configuration.sections.resources import ResourcesConfig

PodSettings = dict[str, Any]

USER = 1000
STATE = "/state"
GPU = "nvidia.com/gpu"
DISK = "ephemeral-storage"  # what a container writes outside of volumes, and its log
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
LIMITED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
WRITABLE = {"tmp": "/tmp", "code": "/app"}  # noqa: S108 - HOME, and where ZenML unpacks uploaded code
RESTRICTED = {"runAsNonRoot": True, "runAsUser": USER, "fsGroup": USER, "seccompProfile": {"type": "RuntimeDefault"}}
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where every library looks for it
USUAL_MEMORY = "512Mi"  # kept for a pod that names nothing, by k8s/base/limits.yaml
GUARD = Path(__file__).with_name("pending_guard.py")
# A pod that was taken away is none of the step's failures, whatever its exit code; ZenML asks the other way round.
FAILURE_POLICY = {
    "rules": [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "Count", "onExitCodes": {"containerName": "main", "operator": "NotIn", "values": [0]}},
    ]
}


def restricted_pod(pull_secrets: Sequence[str], *, token: bool) -> PodSettings:
    """A pod that the standard `restricted` admits, and that writes to two folders of its own.

    Args:
        pull_secrets: Names of Secrets for the registry.
        token: Whether it may talk to the API server.
    """
    return {
        "image_pull_secrets": list(pull_secrets),
        "container_security_context": LIMITED,
        "volumes": [{"name": name, "emptyDir": {}} for name in WRITABLE],
        "volume_mounts": [{"name": name, "mountPath": path} for name, path in WRITABLE.items()],
        "additional_pod_spec_args": {
            "security_context": RESTRICTED,
            "enable_service_links": False,  # a Service's name would become variables such as MLFLOW_PORT
            "automount_service_account_token": token,
        },
    }


def with_variables(base: Mapping[str, Any], variables: Mapping[str, str]) -> PodSettings:
    """A pod with further environment variables.

    Args:
        base: What it is otherwise.
        variables: Values by name.
    """
    added = [{"name": name, "value": value} for name, value in variables.items()]
    return {**base, "env": [*base.get("env", []), *added]}


def stateful_pod(base: Mapping[str, Any], claim: str) -> PodSettings:
    """A pod whose state folder is on a volume, so that downloads and checkpoints outlive it.

    Args:
        base: What it is otherwise.
        claim: Of the volume, "" for none.
    """
    if not claim:
        return dict(base)
    volume = {"name": "state", "persistentVolumeClaim": {"claimName": claim}}
    mounts = [*base.get("volume_mounts", []), {"name": "state", "mountPath": STATE}]
    mounted = {**base, "volumes": [*base.get("volumes", []), volume], "volume_mounts": mounts}
    return with_variables(mounted, {STATE_VARIABLE: STATE})


def ingest_pod(base: Mapping[str, Any], secret: str) -> PodSettings:
    """The ingest step's pod, with what its storage's client needs to know.

    Args:
        base: What it is otherwise.
        secret: Name of a Secret whose keys are environment variables, "" for none.
    """
    return {**base, "env_from": [{"secretRef": {"name": secret}}]} if secret else dict(base)


def bounded_pod(base: Mapping[str, Any], resources: ResourcesConfig) -> PodSettings:
    """A pod whose files have a limit of their own.

    Args:
        base: What it is otherwise.
        resources: What the run asks for.
    """
    return {**base, "resources": {"limits": _disk(resources)}} if resources.disk else dict(base)


def judging_pod(base: Mapping[str, Any], resources: ResourcesConfig) -> PodSettings:
    """The evaluate step's pod, which loads what training made: it may use as much memory, but is not kept that much.

    Args:
        base: What pods of steps are otherwise.
        resources: What the train step asks for.
    """
    if not resources.memory:
        return dict(base)
    from kubernetes.utils import parse_quantity

    kept = min(resources.memory, USUAL_MEMORY, key=parse_quantity)
    limits = {"memory": resources.memory, **_disk(resources)}
    return {**base, "resources": {"requests": {"memory": kept}, "limits": limits}}


def training_pod(base: Mapping[str, Any], resources: ResourcesConfig) -> PodSettings:
    """The train step's pod.

    Args:
        base: What pods of steps are otherwise.
        resources: What it asks for.
    """
    arguments = dict(base.get("additional_pod_spec_args", {}))
    if resources.priority_class:
        arguments["priority_class_name"] = resources.priority_class
    extra: PodSettings = {
        "resources": _amounts(resources),
        "node_selectors": dict(resources.node_selector),
        "tolerations": [*([{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}] if resources.gpus else [])],
        "labels": {QUEUE_LABEL: resources.queue} if resources.queue else {},
    }
    extra["tolerations"] += [toleration(taint) for taint in resources.tolerations]
    if resources.shared_memory:
        memory = {"medium": "Memory", "sizeLimit": resources.shared_memory}
        extra["volumes"] = [*base.get("volumes", []), {"name": "shared-memory", "emptyDir": memory}]
        mount = {"name": "shared-memory", "mountPath": SHARED_MEMORY}
        extra["volume_mounts"] = [*base.get("volume_mounts", []), mount]
    return {**base, **{key: value for key, value in extra.items() if value}, "additional_pod_spec_args": arguments}


def orchestrator_pod(base: Mapping[str, Any], pending_timeout: int) -> PodSettings:
    """The pod that starts those of the steps; beside it, a guard ends a run whose pods fit on no node.

    Args:
        base: What it is otherwise.
        pending_timeout: Seconds that a pod may wait for a node.
    """
    guard = {
        "name": "pending-guard",
        "image": "{{ image }}",  # ZenML's word for the run's own
        "restartPolicy": "Always",  # beside the main container, and ended with it
        "command": ["python", "-c", GUARD.read_text(encoding="utf-8"), str(pending_timeout)],
        "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": LIMITED,
    }
    arguments = {**base.get("additional_pod_spec_args", {}), "init_containers": [guard]}
    return {**base, "additional_pod_spec_args": arguments}


def amounts_of(resources: ResourcesConfig) -> dict[str, str]:
    """What the train step asks for, as a ResourceQuota names it; processors and bytes that are not given are missing.

    Args:
        resources: What it asks for.
    """
    amounts = _amounts(resources)
    return {f"{kind}.{name}": amount for kind, named in amounts.items() for name, amount in named.items()}


def _amounts(resources: ResourcesConfig) -> dict[str, dict[str, str]]:
    """Processors have no limit, which would only leave idle ones unused."""
    gpus = {GPU: str(resources.gpus)} if resources.gpus else {}
    limits = {**({"memory": resources.memory} if resources.memory else {}), **_disk(resources), **gpus}
    requests = {**({"cpu": resources.cpu} if resources.cpu else {}), **limits}
    amounts = {"requests": requests, "limits": limits}
    return {kind: amount for kind, amount in amounts.items() if amount}


def _disk(resources: ResourcesConfig) -> dict[str, str]:
    return {DISK: resources.disk} if resources.disk else {}


def toleration(taint: str) -> dict[str, str]:
    """A toleration as Kubernetes writes it.

    Args:
        taint: KEY[=VALUE]:EFFECT.
    """
    name, _, effect = taint.rpartition(":")
    key, is_valued, value = name.partition("=")
    return {"key": key, "operator": "Equal" if is_valued else "Exists", "effect": effect} | (
        {"value": value} if is_valued else {}
    )
