"""What a worker's pod runs: it trains along with the train step's, from the same inputs, and keeps nothing."""

from __future__ import annotations

import json
import os
from typing import Any
from uuid import UUID

from operations.kubernetes.training_workers import STEP_RUN
from operations.platform.environment import prepare_environment
from operations.training.task import origin_of
from recognition.training.distribution import CLUSTER_VARIABLE

INDEX = "JOB_COMPLETION_INDEX"  # Kubernetes' variable of an Indexed Job's pod


def main() -> None:
    """Join the others, and train until they are done."""
    prepare_environment()
    cluster = json.loads(os.environ[CLUSTER_VARIABLE])
    cluster["task"]["index"] = int(os.environ[INDEX]) + 1
    os.environ[CLUSTER_VARIABLE] = json.dumps(cluster)
    values = arguments(os.environ[STEP_RUN])
    from operations.runs.worker import join, train_along
    from recognition.configuration.sections.checkpoint import CheckpointConfig
    from recognition.configuration.sections.train import TrainConfig

    config = TrainConfig.model_validate(values["config"])
    join(config, values["threads"])
    train_along(
        values["dataset"],
        values["plan"].plan,
        config,
        values["metric"],
        CheckpointConfig.model_validate(values["checkpoint"]),
        values["code"],
        values["initial"],
        values["origin"],
    )


def arguments(step_run: str) -> dict[str, Any]:
    """What the train step was called with: its parameters, its inputs out of the artifact store, and its run's origin.

    Args:
        step_run: ZenML's id of the step.
    """
    from zenml.client import Client

    step = Client().get_run_step(UUID(step_run))
    inputs = {name: versions[0].load() for name, versions in step.inputs.items()}
    origin = origin_of(Client().get_pipeline_run(step.pipeline_run_id))
    return {**step.config.parameters, **inputs, "origin": origin}


if __name__ == "__main__":
    main()
