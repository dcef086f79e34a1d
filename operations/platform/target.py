"""What a stack on Kubernetes runs: read from ZenML's record of the stack, which `stack apply` has written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recognition.errors import InputError

FLAVOR, KUBEFLOW = "kubernetes", "kubeflow"
IMAGE, GPU_IMAGE, CODE = "recognition/image", "recognition/gpu-image", "recognition/code"  # labels of the stack
STATE_VOLUME, DATA_SECRET = "recognition/state-volume", "recognition/data-secret"
TRAINER = "recognition/training-account"
UPLOADED, BAKED = "uploaded", "image"


@dataclass(frozen=True)
class Target:
    """A stack whose orchestrator is Kubernetes.

    Attributes:
        stack: Its name.
        context: Of the kubeconfig.
        namespace: Where runs live.
        accounts: ServiceAccounts of the orchestrator's pod and of the steps'.
        image: Of all pods.
        gpu_image: Of a train step with GPUs.
        code: UPLOADED by ZenML for each run, or BAKED into the image.
        step_pod: What pods of steps are, as KubernetesPodSettings takes it.
        orchestrator_pod: The same of the orchestrator's.
        state_volume: Claim of the volume for downloads and checkpoints, "" for none.
        trainer: ServiceAccount of a train step that makes further pods.
        data_secret: Secret with the ingest step's variables, "" for none.
    """

    stack: str
    context: str
    namespace: str
    accounts: tuple[str, str]
    image: str
    gpu_image: str
    code: str
    step_pod: Mapping[str, Any]
    orchestrator_pod: Mapping[str, Any]
    state_volume: str = ""
    data_secret: str = ""
    trainer: str = "trainer"


def is_on_kubernetes(stack: Any) -> bool:
    """Whether ZenML's record of a stack has a Kubernetes orchestrator."""
    return bool(_orchestrator(stack).flavor_name == FLAVOR)


def target_of(stack: Any) -> Target | None:
    """What a stack runs, None where its orchestrator is not Kubernetes.

    Args:
        stack: ZenML's record of it.

    Raises:
        InputError: If the stack was not made by `stack apply`, so that its image is unknown, or is Kubeflow's.
    """
    if _orchestrator(stack).flavor_name == KUBEFLOW:
        raise InputError(
            "pipelines are compiled for Kubeflow, not sent there",
            received=f"stack {stack.name}",
            remedy="zenml stack set NAME of a Kubernetes stack, then run_pipeline.py stack compile writes the file",
        )
    if not is_on_kubernetes(stack):
        return None
    labels = stack.labels or {}
    if IMAGE not in labels:
        raise InputError(
            "the stack does not say which image its pods run",
            received=f"stack {stack.name}, which stack apply did not make",
            remedy="write it down as in k8s/stacks/dev.yaml, and run_pipeline.py stack apply FILE",
        )
    settings = _orchestrator(stack).configuration
    return Target(
        stack=stack.name,
        context=settings["kubernetes_context"],
        namespace=settings["kubernetes_namespace"],
        accounts=(settings["service_account_name"], settings["step_pod_service_account_name"]),
        image=labels[IMAGE],
        gpu_image=labels.get(GPU_IMAGE, labels[IMAGE]),
        code=labels[CODE],
        step_pod=settings["pod_settings"],
        orchestrator_pod=settings["orchestrator_pod_settings"],
        state_volume=labels.get(STATE_VOLUME) or "",
        data_secret=labels.get(DATA_SECRET) or "",
        trainer=labels.get(TRAINER) or "trainer",
    )


def active_target() -> Target | None:
    """What the active stack runs, None where its orchestrator is not Kubernetes; errors as of `target_of`."""
    from zenml.client import Client

    return target_of(Client().active_stack_model)


def _orchestrator(stack: Any) -> Any:
    from zenml.enums import StackComponentType

    return stack.components[StackComponentType.ORCHESTRATOR][0]
