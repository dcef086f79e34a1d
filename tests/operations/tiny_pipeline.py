"""Pipelines of one step, to be run for real; as a command: one that is killed in its step."""

import os
import signal
import sys
from typing import Annotated

import numpy as np
from zenml import pipeline, step
from zenml.enums import ExecutionMode
from zenml.utils import source_utils

from materializers.image_dataset import ImageDatasetMaterializer
from operations.platform.environment import PROJECT
from recognition.data.dataset import Duplicates, ImageDataset
from tests.recognition.evaluation.samples import split_of


@step(output_materializers=ImageDatasetMaterializer)
def tiny_images(code: str) -> Annotated[ImageDataset, "tiny_dataset"]:
    """A data set of a few images."""
    splits = {name: split_of([0, 1] * 3, seed=i) for i, name in enumerate(("train", "validation", "test"))}
    return ImageDataset("tiny", splits, ("a", "b"), (), np.empty(0, np.int32), Duplicates({}, {}))


@step(enable_cache=False)
def killed() -> None:
    """Ends as a process does that runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@step(enable_cache=False)
def register(succeeds: bool) -> None:
    """The step by which a training is known."""
    if not succeeds:
        raise ValueError("made to fail")


@pipeline
def tiny(code: str) -> None:
    """One cached step."""
    tiny_images(code)


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def trained(succeeds: bool) -> None:
    """What looks like a training, from afar."""
    register(succeeds)


@pipeline
def doomed() -> None:
    """One step that never ends."""
    killed()


def run(name, code="1"):
    """Run the pipeline and answer with ZenML's record of the run."""
    source_utils.set_custom_source_root(str(PROJECT))
    return tiny.with_options(run_name=name)(code)


def train(name, succeeds=True):
    """The same for what looks like a training."""
    source_utils.set_custom_source_root(str(PROJECT))
    return trained.with_options(run_name=name)(succeeds)


def main(name):
    from operations.tracking import connection, mlflow_runs, runs

    source_utils.set_custom_source_root(str(PROJECT))
    mlflow_runs.run_id_of(connection.connect(), name)
    with runs.alive(name):
        doomed.with_options(run_name=name)()


if __name__ == "__main__":
    from operations.platform.environment import prepare_environment

    prepare_environment()
    main(sys.argv[1])
