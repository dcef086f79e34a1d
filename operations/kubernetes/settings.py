"""What a run asks of Kubernetes, in ZenML's words: images, pods, retries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from operations.kubernetes.pods import (
    bounded_pod,
    ingest_pod,
    judging_pod,
    orchestrator_pod,
    stateful_pod,
    training_pod,
    with_variables,
)
from operations.kubernetes.watch import ZENML_MARK
from operations.platform.environment import GPUS_VARIABLE, LIBRARIES_QUIET, PATIENCE, SAFE, WORKERS_PATIENCE
from operations.platform.target import BAKED, Target
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.resources import ResourcesConfig

ORCHESTRATOR = "orchestrator.kubernetes"
INGEST, EVALUATE = "ingest", "evaluate"
STEP_VARIABLES = {
    **SAFE,
    **PATIENCE,
    **LIBRARIES_QUIET,
    "PYTHONWARNINGS": "ignore",
    "ZENML_CONSOLE_LOGGING_FORMAT": f"{ZENML_MARK}%(message)s",
}
MONITORING = 1.0  # seconds between looks at a step's Job: what the next step waits at most, three by default
TRAINING = ("train", "calibrate")  # the steps that section resources is about


def configured(pipeline: Any, steps: Iterable[str], config: RunConfig, target: Target) -> Any:
    """A pipeline that asks for what the configuration and the stack's file say.

    Args:
        pipeline: ZenML's.
        steps: Names of its steps that are cached, among which are those that train.
        config: The run's.
        target: The stack.
    """
    resources = config.resources
    training = {name: training_step(resources, target, config.train.workers) for name in TRAINING if name in steps}
    others = {INGEST: ingest_pod(_kept_pod(target, resources), target.data_secret)}
    if EVALUATE in steps:
        others[EVALUATE] = judging_pod(_step_pod(target, resources), resources)
    own_pods = {name: {"settings": {ORCHESTRATOR: {"pod_settings": pod}}} for name, pod in others.items()}
    return pipeline.with_options(settings=run_settings(resources, target), steps={**own_pods, **training})


def run_settings(resources: ResourcesConfig, target: Target) -> dict[str, Any]:
    """Settings of a whole run; it goes on by itself once it is submitted."""
    pod = orchestrator_pod(target.orchestrator_pod, resources.pending_timeout)
    return {
        "docker": docker_settings(target, target.image),
        ORCHESTRATOR: {
            "synchronous": False,
            "job_monitoring_interval": MONITORING,
            "orchestrator_pod_settings": pod,
            "pod_settings": _step_pod(target, resources),
        },
    }


def training_step(resources: ResourcesConfig, target: Target, workers: int = 1) -> dict[str, Any]:
    """Settings of a step that trains.

    Args:
        resources: Section `resources`.
        target: The stack.
        workers: Pods that share the training; the step's own makes the others, which takes an account that may.
    """
    image = target.gpu_image if resources.gpus else target.image
    gpus = {GPUS_VARIABLE: str(resources.gpus)} if resources.gpus else {}
    shared = {WORKERS_PATIENCE: str(resources.pending_timeout)} if workers > 1 else {}
    pod = training_pod(with_variables(_kept_pod(target, resources), {**gpus, **shared}), resources)
    account = {}
    if workers > 1:
        pod["additional_pod_spec_args"]["automount_service_account_token"] = True
        account = {"step_pod_service_account_name": target.trainer}
    deadline = {} if resources.deadline is None else {"active_deadline_seconds": resources.deadline}
    return {
        "settings": {
            "docker": docker_settings(target, image),
            ORCHESTRATOR: {"pod_settings": pod, **deadline, **account},
        },
        **({"retry": {"max_retries": resources.retries}} if resources.retries else {}),  # ZenML takes no 0
    }


def _step_pod(target: Target, resources: ResourcesConfig) -> dict[str, Any]:
    return bounded_pod(with_variables(target.step_pod, STEP_VARIABLES), resources)


def _kept_pod(target: Target, resources: ResourcesConfig) -> dict[str, Any]:
    """A step's pod with the volume."""
    return stateful_pod(_step_pod(target, resources), target.state_volume)


def docker_settings(target: Target, image: str) -> Any:
    """ZenML builds no image; code comes from the artifact store, or is in the image."""
    from zenml.config import DockerSettings

    return DockerSettings(
        parent_image=image,
        skip_build=True,
        allow_download_from_artifact_store=target.code != BAKED,
        allow_download_from_code_repository=False,
        allow_including_files_in_images=False,
    )
