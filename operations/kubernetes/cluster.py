"""A cluster's API, with its errors told so that a person can act on them.

The Python client is an extra: it is imported where it is needed, and a laptop does without.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from operations.kubernetes.pods import GPU
from recognition.errors import InputError

PATIENCE = 20  # seconds for an answer


@dataclass(frozen=True)
class Cluster:
    """The APIs that we use, each of Kubernetes' Python client.

    Attributes:
        core: Pods, Secrets, nodes.
        batch: Jobs and CronJobs.
        authorization: Who may what.
        context: Of the kubeconfig.
    """

    core: Any
    batch: Any
    authorization: Any
    context: str


def require_client() -> None:
    """Raise InputError unless Kubernetes' Python client is installed."""
    if find_spec("kubernetes") is None:
        raise InputError("this needs Kubernetes' Python client", remedy="pip install -e .[kubernetes]")


def connect(context: str) -> Cluster:
    """A cluster's API as the kubeconfig describes it; nothing is asked of it yet.

    Args:
        context: Name of a context.

    Raises:
        InputError: If the client is not installed, or the kubeconfig is missing, broken or without this context.
    """
    require_client()
    from kubernetes import client, config

    try:
        contexts, _ = config.list_kube_config_contexts()
    except (config.ConfigException, OSError, ValueError) as error:
        raise InputError(
            "there is no kubeconfig that can be read",
            received=str(error),
            remedy="export KUBECONFIG=FILE, and kubectl config get-contexts to see what is in it",
        ) from None
    names = [each["name"] for each in contexts]
    if context not in names:
        raise InputError(
            "the kubeconfig does not know the stack's context",
            received=context,
            expected=f"one of {', '.join(names)}",
            remedy="export KUBECONFIG=FILE, or change orchestrator.context and stack apply FILE",
        )
    try:
        api = config.new_client_from_config(context=context)
    except (config.ConfigException, OSError, ValueError) as error:
        raise InputError("the kubeconfig's context cannot be used", received=f"{context}: {error}") from None
    return Cluster(client.CoreV1Api(api), client.BatchV1Api(api), client.AuthorizationV1Api(api), context)


@contextmanager
def asked(cluster: Cluster, what: str) -> Iterator[None]:
    """Turn what goes wrong while a cluster is asked into an error that says how to mend it.

    Args:
        cluster: The cluster.
        what: What is asked, such as "list pods in recognition".

    Raises:
        InputError: If the cluster does not answer, does not know us, or refuses.
    """
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        raise _refused(cluster, what, error) from None
    except HTTPError as error:
        raise _unreachable(cluster, error) from None


def is_missing(error: Exception) -> bool:
    """Whether a cluster's answer is that there is no such thing."""
    return getattr(error, "status", None) == 404


def is_forbidden(error: Exception) -> bool:
    """Whether a cluster's answer is that we may not ask."""
    return getattr(error, "status", None) == 403


def gpus_of(nodes: Any, selector: dict[str, str]) -> list[int]:
    """How many GPUs each node has that a selector names and that takes pods.

    Args:
        nodes: A list of nodes.
        selector: Labels that a node must have.
    """
    chosen = [
        node
        for node in nodes.items
        if selector.items() <= (node.metadata.labels or {}).items() and not node.spec.unschedulable
    ]
    return [int((node.status.allocatable or {}).get(GPU, 0)) for node in chosen]


def _refused(cluster: Cluster, what: str, error: Any) -> InputError:
    if error.status == 401:
        return InputError(
            "the cluster does not accept who you are: a token or certificate may have expired",
            received=f"401 in context {cluster.context}, to {what}",
            remedy="log in to the cluster again, and try kubectl auth whoami",
        )
    return InputError(
        f"the cluster refuses to {what}",
        received=f"{error.status} {error.reason}",
        remedy="run_pipeline.py stack check lists the rights that are needed" if error.status == 403 else "",
    )


def _unreachable(cluster: Cluster, error: Exception) -> InputError:
    text = str(getattr(error, "reason", None) or error)
    if "certificate" in text.lower():
        return InputError(
            "the cluster's certificate, or yours, is not valid",
            received=f"context {cluster.context}: {text}",
            remedy="fetch a new kubeconfig from whoever runs the cluster; is this machine's clock right?",
        )
    return InputError(
        "the cluster does not answer",
        received=f"context {cluster.context}: {text}",
        remedy="kubectl get --raw /readyz, and whether the kubeconfig names the right server",
    )
