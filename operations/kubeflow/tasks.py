"""What a step asks of Kubeflow: ZenML's own compiler sets none of it, or for every step at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operations.kubernetes.pods import GPU, QUEUE_LABEL, SHARED_MEMORY, STATE, USER, toleration
from operations.kubernetes.settings import INGEST, STEP_VARIABLES
from operations.platform.environment import GPUS_VARIABLE, STATE_VARIABLE
from operations.platform.target import Target
from recognition.configuration.sections.resources import ResourcesConfig

if TYPE_CHECKING:
    from kfp.dsl import PipelineTask

TRAIN = "train"
API_KEY = {"api-key": "ZENML_STORE_API_KEY"}  # the Secret's key, and the variable that ZenML's client reads
# Kubeflow takes variables from a Secret one by one only; those that it lacks are left out.
DATA_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_PROFILE",
)


@dataclass(frozen=True)
class Demands:
    """What a compiled pipeline asks for.

    Attributes:
        target: Images, volume and Secrets of the stack.
        resources: What the train step asks for.
        api_key_secret: Secret whose key `api-key` lets pods talk to ZenML's server.
        server: Variables that tell pods where that is; none of them is secret.
    """

    target: Target
    resources: ResourcesConfig
    api_key_secret: str
    server: Mapping[str, str]

    def variables(self, step: str) -> dict[str, str]:
        """Environment variables of a step that may be read by anybody.

        Args:
            step: Its name.
        """
        kept = {STATE_VARIABLE: STATE} if self._keeps(step) else {}
        gpus = {GPUS_VARIABLE: str(self.resources.gpus)} if self._gpus(step) else {}
        return {**self.server, **STEP_VARIABLES, **kept, **gpus}

    def ask(self, task: PipelineTask, step: str) -> None:
        """Write down everything else that a step asks for.

        Args:
            task: Kubeflow's, of that step.
            step: Its name.
        """
        from kfp import kubernetes

        target = self.target
        kubernetes.use_secret_as_env(task, self.api_key_secret, API_KEY)
        kubernetes.set_security_context(task, run_as_user=USER, run_as_group=USER, run_as_non_root=True)
        if pull_secrets := target.step_pod.get("image_pull_secrets"):
            kubernetes.set_image_pull_secrets(task, list(pull_secrets))
        if self._keeps(step):
            kubernetes.mount_pvc(task, target.state_volume, STATE)
        if step == INGEST and target.data_secret:
            kubernetes.use_secret_as_env(task, target.data_secret, {key: key for key in DATA_VARIABLES}, optional=True)
        if step == TRAIN:
            self._ask_for_training(task)

    def _ask_for_training(self, task: PipelineTask) -> None:
        from kfp import kubernetes

        resources = self.resources
        if resources.cpu:
            task.set_cpu_request(resources.cpu)
        if resources.memory:
            task.set_memory_request(resources.memory).set_memory_limit(resources.memory)
        if resources.gpus:
            task.set_accelerator_type(GPU).set_accelerator_limit(resources.gpus)
            kubernetes.add_toleration(task, key=GPU, operator="Exists", effect="NoSchedule")
        for label, value in resources.node_selector.items():
            kubernetes.add_node_selector(task, label, value)
        for taint in resources.tolerations:
            kubernetes.add_toleration(task, **_checked(toleration(taint)))
        if resources.shared_memory:
            kubernetes.empty_dir_mount(task, "shared-memory", SHARED_MEMORY, "Memory", resources.shared_memory)
        if resources.queue:
            kubernetes.add_pod_label(task, QUEUE_LABEL, resources.queue)
        if resources.deadline:
            kubernetes.set_timeout(task, resources.deadline)

    def _keeps(self, step: str) -> bool:
        return bool(self.target.state_volume) and step in (INGEST, TRAIN)

    def _gpus(self, step: str) -> bool:
        return step == TRAIN and self.resources.gpus > 0


def not_carried(resources: ResourcesConfig, scheduled: bool) -> list[str]:
    """What a configuration asks for and Kubeflow is not told, a line each.

    Args:
        resources: Section `resources`.
        scheduled: Whether there is a section `schedule`.
    """
    lines = {
        "resources.priority_class": resources.priority_class and "Kubeflow's format has no such key",
        "resources.disk": resources.disk and "Kubeflow's format has no such key",
        "resources.retries": resources.retries and "a pod that was taken away fails the run; the next one goes on",
        "resources.pending_timeout": "a pod waits for a node without end",
        "schedule": scheduled and "make a recurring run of the file in Kubeflow",
    }
    return [f"{key} is not carried over: {why}" for key, why in lines.items() if why]


def _checked(words: Mapping[str, Any]) -> dict[str, Any]:
    """A toleration's keys, as Kubeflow's function takes them."""
    return {key: words[key] for key in ("key", "operator", "value", "effect") if key in words}
