"""The training pipeline as Kubeflow's intermediate representation: ZenML compiles it, we say what each step asks for.

ZenML would write its API token into the file, and give every step the GPU step's node selector.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from operations.kubeflow.stack import kubeflow_stack
from operations.kubeflow.tasks import TRAIN, Demands
from operations.kubernetes.settings import docker_settings
from operations.kubernetes.stack_check import check_server
from operations.platform.stack import check_source_root
from operations.platform.target import Target, active_target
from operations.runs.conclusion import conclude_failure
from operations.runs.execution import prepare_submission
from operations.runs.job import new_run_name, safe_name
from operations.schedules.snapshot import Snapshot
from recognition.configuration.schema import RunConfig
from recognition.data.remote.address import is_remote
from recognition.errors import InputError

# What pods have to know of the server; what else ZenML would tell them is secret, or about this machine.
SERVER_VARIABLES = (
    "ZENML_STORE_TYPE",
    "ZENML_STORE_URL",
    "ZENML_ACTIVE_STACK_ID",
    "ZENML_ACTIVE_PROJECT_ID",
    "DISABLE_CREDENTIALS_DISK_CACHING",
)


def compile_training(snapshot: Snapshot, output: Path, host: str, api_key_secret: str) -> None:
    """Write a file that Kubeflow Pipelines runs; ZenML's server keeps the snapshot that it refers to.

    Args:
        snapshot: The pipeline, and what it is called with.
        output: The file; what was there is replaced once the new one is whole.
        host: Address of Kubeflow Pipelines, to which ZenML's dashboard links.
        api_key_secret: Secret whose key `api-key` lets pods talk to ZenML's server.

    Raises:
        InputError: If kfp is not installed, the active stack is not on Kubernetes, its server is out of pods' reach, or
            the configuration needs what pods do not have.
    """
    _require_kfp()
    target = _check(snapshot.config)
    with kubeflow_stack(target, host) as stack:
        check_source_root(stack)
        prepare_submission()
        frozen = _freeze(snapshot, target)
        demands = Demands(target, snapshot.config.resources, api_key_secret, _server_variables())
        _replace(output, _compiled(stack, frozen, demands))


def _require_kfp() -> None:
    if find_spec("kfp") is None or find_spec("kfp.kubernetes") is None:
        raise InputError(
            "this needs Kubeflow's compiler",
            remedy="an environment of its own: python3 -m venv .venv-kubeflow && .venv-kubeflow/bin/pip install "
            "--require-hashes -r requirements/kubeflow.txt; kfp needs other versions than the tests",
        )


def _check(config: RunConfig) -> Target:
    """What the active stack runs."""
    if config.calibrate or config.predict.paths is not None:
        raise InputError("only the training pipeline is compiled", received="a configuration that does something else")
    if config.train.workers > 1:
        raise InputError(
            "Kubeflow starts no workers for a step",
            received=f"train.workers: {config.train.workers}",
            expected="1, or a stack on Kubernetes",
            remedy="--set train.workers=1",
        )
    if config.data.path is not None and not is_remote(config.data.path):
        raise InputError(
            "no pod sees a folder of this machine",
            received=f"data.path: {config.data.path}",
            expected="an address such as s3://BUCKET/FOLDER, or none for a download",
        )
    target = active_target()
    if target is None:
        raise InputError(
            "the active stack has no images, volume and Secrets to compile for",
            remedy="run_pipeline.py stack apply k8s/stacks/dev.yaml; the file is compiled from what it says",
        )
    is_reached, told, remedy = check_server()
    if not is_reached:
        raise InputError(f"the pods could not work: {told}", remedy=remedy)
    return target


def _freeze(snapshot: Snapshot, target: Target) -> Any:
    """ZenML's snapshot, which the steps load: one for each file, as to replace one would break an older file."""
    from zenml.enums import ExecutionMode

    gpu_image = target.gpu_image if snapshot.config.resources.gpus else target.image
    training = {"settings": {"docker": docker_settings(target, gpu_image)}}
    pipeline = snapshot.pipeline.with_options(
        run_name=f"{safe_name(snapshot.recipe)}-{{date}}-{{time}}-kubeflow",
        settings={"docker": docker_settings(target, target.image)},
        steps={TRAIN: training},
        on_failure=conclude_failure,
        execution_mode=ExecutionMode.CONTINUE_ON_FAILURE,  # the only one that ZenML lets Kubeflow have
    )
    pipeline.prepare(*snapshot.arguments)
    return pipeline.create_snapshot(f"kubeflow-{new_run_name(snapshot.recipe)}")


def _server_variables() -> dict[str, str]:
    from zenml.orchestrators.utils import get_config_environment_vars

    variables, _ = get_config_environment_vars()
    return {name: variables[name] for name in SERVER_VARIABLES}


def _compiled(stack: Any, frozen: Any, demands: Demands) -> str:
    """What ZenML's orchestrator would upload."""
    from zenml.integrations.kubeflow.orchestrators.kubeflow_orchestrator import KubeflowOrchestrator

    class Compiler(KubeflowOrchestrator):
        """Asks for what our steps need, and uploads nothing."""

        def _configure_container_resources(self, task: Any, *_: Any) -> Any:
            step = steps[task.name]
            demands.ask(task, step)
            return task

        def _upload_and_run_pipeline(self, snapshot: Any, pipeline_file_path: str, run_name: str) -> None:
            self.written = Path(pipeline_file_path)

    found, steps = stack.orchestrator, {name.replace("_", "-"): name for name in frozen.step_configurations}
    keys = ("id", "name", "config", "flavor", "type", "user", "created", "updated")
    compiler = Compiler(**{key: getattr(found, key) for key in keys})
    environments = {step: demands.variables(step) for step in frozen.step_configurations}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kfp's, of what it will change
        compiler.submit_pipeline(frozen, stack, {}, environments)
    text = compiler.written.read_text(encoding="utf-8")
    compiler.written.unlink()
    return text


def _replace(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}", delete=False
    ) as file:
        file.write(text)
    os.replace(file.name, path)
