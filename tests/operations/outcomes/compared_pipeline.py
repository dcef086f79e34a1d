"""Pipelines that leave behind what a comparison needs, in a second."""

from typing import Annotated

import numpy as np
from zenml import log_metadata, pipeline, step
from zenml.utils import source_utils

from materializers.evaluation import EvaluationMaterializer
from materializers.history import HistoryMaterializer
from materializers.image_dataset import ImageDatasetMaterializer
from operations.platform.environment import PROJECT
from operations.registry.registered_model import RegisteredModel
from recognition.configuration.schema import RunConfig
from recognition.data.dataset import Duplicates, ImageDataset
from recognition.evaluation.evaluate import evaluate as judge
from recognition.evaluation.evaluation import Evaluation
from recognition.gate import GateDecision
from recognition.training.history import History
from tests.recognition.evaluation.samples import random_probabilities, split_of
from tests.recognition.report.samples import decision_of, history_of

CLASSES = ("a", "b", "c")


@step(output_materializers=ImageDatasetMaterializer, enable_cache=False)
def ingest(data_seed: int) -> Annotated[ImageDataset, "dataset"]:
    """Thirty test images, others for each seed."""
    log_metadata({"fallback": False, "source_digest": "cd" * 32})
    sides = {"train": 50, "validation": 60, "test": 70}
    splits = {name: split_of([0, 1, 2] * 10, seed=seed + data_seed) for name, seed in sides.items()}
    return ImageDataset("made", splits, CLASSES, (), np.empty(0, np.int32), Duplicates({}, {}))


@step(output_materializers=HistoryMaterializer)
def train(dataset: ImageDataset, seed: int, code: str) -> Annotated[History, "history"]:
    """A training of nothing."""
    return history_of(epochs=3).model_copy(update={"seed": seed})


@step(output_materializers=EvaluationMaterializer)
def evaluate(dataset: ImageDataset, history: History, code: str) -> Annotated[Evaluation, "evaluation"]:
    """Answers by chance, mostly right."""
    test = dataset.splits["test"]
    return judge(random_probabilities(test.labels, 3, history.seed), test, CLASSES)


@step(enable_cache=False)
def register(
    evaluation: Evaluation, seed: int
) -> tuple[
    Annotated[RunConfig, "configuration"],
    Annotated[RegisteredModel, "registered_model"],
    Annotated[GateDecision, "decision"],
]:
    """What the steps around a training say."""
    config = RunConfig.model_validate({"train": {"seed": seed}})
    return config, RegisteredModel(name="made", zenml_version="1", mlflow_version="1", sha256="0"), decision_of()


@pipeline
def compared(seed: int, data_seed: int, recipe: str, commit: str) -> None:
    """Everything."""
    dataset = ingest(data_seed)
    history = train(dataset, seed, "0123456789abcdef")
    register(evaluate(dataset, history, "fedcba9876543210"), seed)


def run(name, seed=0, data_seed=0):
    """Run the pipeline and answer with ZenML's record of the run."""
    source_utils.set_custom_source_root(str(PROJECT))
    return compared.with_options(run_name=name)(seed, data_seed, "smoke", "ab" * 20)
