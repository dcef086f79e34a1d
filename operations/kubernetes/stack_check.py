"""Whether a stack works, a line for each part: before a run is submitted, and when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from operations.kubernetes.cluster import Cluster, asked, connect, gpus_of, is_forbidden, is_missing
from operations.kubernetes.images import find_image
from operations.kubernetes.pods import amounts_of
from operations.kubernetes.rights import ORCHESTRATOR, TRAINER, Rights, lacking, lacking_of_account
from operations.platform.console import count
from operations.platform.target import Target
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.resources import ResourcesConfig
from recognition.errors import InputError, RecognitionError

PATIENCE = 20  # seconds for an answer
COUNTERPROOF = b"written by stack check\n"


@dataclass(frozen=True)
class Finding:
    """A line of what was found.

    Attributes:
        part: What was looked at.
        ok: Whether it works, as far as can be known.
        detail: What was found.
        remedy: How to mend it.
    """

    part: str
    ok: bool
    detail: str
    remedy: str = ""


def check_stack(
    stack: Any, target: Target, resources: ResourcesConfig | None = None, workers: int = 1
) -> Iterator[Finding]:
    """Look at every part of a stack; where the cluster does not answer, what is in it is left out.

    Args:
        stack: ZenML's stack.
        target: What it runs.
        resources: What a run would ask for; None for no run in particular.
        workers: How many pods would share its training.
    """
    yield _found("ZenML server", lambda: check_server())
    yield _found("bucket", lambda: check_bucket(stack.artifact_store))
    yield _found("MLflow tracker", lambda: check_tracker(stack.experiment_tracker))
    try:
        cluster = connect(target.context)
        with asked(cluster, "tell its version"):
            version = _version(cluster)
    except InputError as error:
        yield _failure("cluster", error)
        return
    yield Finding("cluster", True, f"Kubernetes {version} in context {target.context}")
    yield _found("namespace", lambda: check_namespace(cluster, target.namespace))
    yield _found("your rights", lambda: check_rights(cluster, target.namespace))
    yield _found("pods' rights", lambda: check_account(cluster, target.namespace, target.accounts[0], ORCHESTRATOR))
    if workers > 1:
        yield _found("workers' rights", lambda: check_account(cluster, target.namespace, target.trainer, TRAINER))
        yield _found("volume", lambda: check_shared_state(target))
    for part, image in {"image": target.image, "GPU image": target.gpu_image}.items():
        if part == "image" or image != target.image:
            yield _found(part, lambda image=image: find_image(cluster, image))  # type: ignore[misc]
    if resources is not None:
        yield _found("quota", lambda: check_quota(cluster, target.namespace, resources, workers))
    if resources is not None and resources.gpus:
        yield _found("GPUs", lambda: check_gpus(cluster, resources))


def require_stack(stack: Any, target: Target, config: RunConfig) -> None:
    """Check, before anything is submitted, that a stack works and that a run can have what it asks for.

    Args:
        stack: ZenML's stack.
        target: What it runs.
        config: The run's configuration.

    Raises:
        InputError: If a part of the stack does not work, with every remedy.
    """
    broken = [
        finding for finding in check_stack(stack, target, config.resources, config.train.workers) if not finding.ok
    ]
    if broken:
        lines = [f"{finding.part}: {finding.detail}; {finding.remedy}".rstrip("; ") for finding in broken]
        problem = "\n  ".join([f"stack {target.stack} does not work; nothing was submitted", *lines])
        raise InputError(problem, remedy="run_pipeline.py stack check, once that is mended")


def check_server() -> tuple[bool, str, str]:
    """A server that pods reach too, of our own version."""
    from zenml import __version__
    from zenml.client import Client

    store = Client().zen_store
    if store.type.value == "sql":
        remedy = "export ZENML_STORE_URL=https://… ZENML_STORE_API_KEY=…, or zenml login"
        return False, "ZenML's database is a file on this machine, which no pod reaches", remedy
    info = store.get_store_info()
    told = f"{info.version} at {store.url}"
    if str(info.version) == __version__:
        return True, told, ""
    return False, f"{told}, and {__version__} here", f"pip install zenml=={info.version}, or upgrade the server"


def check_bucket(store: Any) -> tuple[bool, str, str]:
    """Something can be written to the bucket, read and removed."""
    path = f"{store.path}/.check-{uuid4().hex}"
    try:
        with store.open(path, "wb") as file:
            file.write(COUNTERPROOF)
        with store.open(path, "rb") as file:
            came_back = file.read() == COUNTERPROOF
        store.remove(path)
    except Exception as error:  # whatever s3fs, botocore and the network raise
        return False, f"{store.path}: {_first_line(error)}", _bucket_remedy(store, error)
    return came_back, f"{store.path}: written, read, removed", "" if came_back else "the bucket returns other bytes"


def check_tracker(tracker: Any) -> tuple[bool, str, str]:
    """MLflow answers, and its registry too."""
    from operations.tracking.connection import address, connected

    try:
        with connected(tracker) as client:
            client.search_experiments(max_results=1)
            client.search_registered_models(max_results=1)
            return True, f"{address(client)}, its registry too", ""
    except Exception as error:  # whatever MLflow and the network raise
        remedy = "tracker.uri and the ZenML secret of tracker.secret, which holds username and password"
        return False, _first_line(error), remedy


def check_namespace(cluster: Cluster, namespace: str) -> tuple[bool, str, str]:
    """The namespace is there; who may not read it is believed."""
    try:
        cluster.core.read_namespace(namespace, _request_timeout=PATIENCE)
    except Exception as error:
        if is_missing(error):
            return False, f"there is no {namespace}", f"kubectl create namespace {namespace}, or k8s/README.md"
        if is_forbidden(error):
            return True, f"{namespace}; you may not look whether it is there", ""
        raise
    return True, namespace, ""


def check_rights(cluster: Cluster, namespace: str) -> tuple[bool, str, str]:
    """We may do what submitting, watching and scheduling need."""
    missing = lacking(cluster, namespace)
    remedy = f"kubectl -n {namespace} create rolebinding NAME --role=submitter --user=YOU"
    return not missing, f"lacking: {', '.join(missing)}" if missing else "all", remedy if missing else ""


def check_account(cluster: Cluster, namespace: str, account: str, rights: Rights) -> tuple[bool, str, str]:
    """A ServiceAccount of pods that start others may do what that needs."""
    missing = lacking_of_account(cluster, namespace, account, rights)
    if missing is None:
        return True, f"ServiceAccount {account}; you may not look at its rights", ""
    remedy = f"kubectl -n {namespace} apply -f k8s/base/roles.yaml"
    told = f"ServiceAccount {account}, lacking: {', '.join(missing)}" if missing else f"ServiceAccount {account}: all"
    return not missing, told, remedy if missing else ""


def check_shared_state(target: Target) -> tuple[bool, str, str]:
    """Workers read the same checkpoints."""
    if target.state_volume:
        return True, f"{target.state_volume}, which has to be ReadWriteMany where workers are on several nodes", ""
    return False, "none, which workers could share", "orchestrator.state_volume names a PersistentVolumeClaim"


def check_quota(cluster: Cluster, namespace: str, resources: ResourcesConfig, workers: int) -> tuple[bool, str, str]:
    """What the train step and the pods that share it ask for is not more than the namespace may have in all."""
    from kubernetes.utils import parse_quantity

    try:
        quotas = cluster.core.list_namespaced_resource_quota(namespace, _request_timeout=PATIENCE).items
    except Exception as error:
        if is_forbidden(error):
            return True, "you may not look at it", ""
        raise
    asked_for, each = amounts_of(resources), f" by each of {workers} workers" if workers > 1 else ""
    limits = [(name, limit) for quota in quotas for name, limit in (quota.spec.hard or {}).items()]
    above = [
        f"{asked_for[name]}{each} asked for of {limit} {name}"
        for name, limit in limits
        if name in asked_for and workers * parse_quantity(asked_for[name]) > parse_quantity(limit)
    ]
    remedy = "resources.cpu, resources.memory, resources.disk, resources.gpus, or a larger ResourceQuota"
    return not above, ", ".join(above) or "allows the train step", remedy if above else ""


def check_gpus(cluster: Cluster, resources: ResourcesConfig) -> tuple[bool, str, str]:
    """A node has as many GPUs as one pod asks for."""
    try:
        nodes = cluster.core.list_node(_request_timeout=PATIENCE)
    except Exception as error:
        if is_forbidden(error):
            return True, "you may not look at the nodes", ""
        raise
    has = gpus_of(nodes, resources.node_selector)
    where = " of the node selector" if resources.node_selector else ""
    told = f"{sum(has)} on {count(len(has), 'node')}{where}, {resources.gpus} asked for on one"
    remedy = "resources.gpus, resources.node_selector, or a node with NVIDIA's device plugin"
    is_enough = max(has, default=0) >= resources.gpus
    return is_enough, told, "" if is_enough else remedy


def _found(part: str, check: Callable[[], tuple[bool, str, str]]) -> Finding:
    try:
        return Finding(part, *check())
    except RecognitionError as error:
        return _failure(part, error)
    except Exception as error:  # an answer that nobody expected is a finding too
        return Finding(part, False, _first_line(error))


def _failure(part: str, error: RecognitionError) -> Finding:
    told = f"{error.problem}: {error.received}" if error.received else error.problem
    return Finding(part, False, told, error.remedy)


def _version(cluster: Cluster) -> str:
    from kubernetes.client import VersionApi

    return str(VersionApi(cluster.core.api_client).get_code(_request_timeout=PATIENCE).git_version)


def _bucket_remedy(store: Any, error: Exception) -> str:
    text = f"{type(error).__name__} {error}"
    if "NoSuchBucket" in text or "FileNotFound" in text:
        return f"make the bucket {store.config.bucket}, or change artifact_store.path"
    if "denied" in text.lower() or "Forbidden" in text or "InvalidAccessKey" in text or "Signature" in text:
        return "artifact_store.secret: its key may not write there, or is wrong"
    return "artifact_store.endpoint_url and the network between"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
