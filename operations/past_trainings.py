"""Which trainings there have been that differ in seeds and initial weights only: MLflow's runs remember."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operations import mlflow_runs
from operations.digest import digest_of
from recognition.configuration.sections.train import TrainConfig
from recognition.retraining import Seeds, seeds_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

QUESTION_TAG, SEEDS_TAG, INIT_TAG = "retrain.question", "retrain.seeds", "retrain.init"
EVALUATED = "test_accuracy"  # the metric of a run that got as far as to register its model


@dataclass(frozen=True)
class PastTraining:
    """A training that ended in a registered model.

    Attributes:
        seeds: Its seeds.
        init: Address of the weights that it began with, None for random ones.
    """

    seeds: Seeds
    init: str | None


def question_of(identity: Mapping[str, Any], model: str) -> str:
    """What a training asks, whatever its seeds and whoever is champion: 16 hexadecimal digits.

    Args:
        identity: From `checkpoints.training_identity`. Initial weights that come without a digest were chosen by a
            retraining, not by its configuration, and do not count.
        model: Its name.
    """
    chosen = {} if identity["initial weights"] else {"init": None}
    asked = {**identity, "train": {**identity["train"], "seed": 0, "seeds": None, **chosen}, "model": model}
    return digest_of(asked)


def find_past(client: MlflowClient, question: str) -> list[PastTraining]:
    """The trainings that have answered a question, newest first; cached ones count again.

    Args:
        client: A client from `tracking.connect`.
        question: From `question_of`.
    """
    runs = [run for run in mlflow_runs.tagged_runs(client, QUESTION_TAG, question) if EVALUATED in run.data.metrics]
    return [
        PastTraining(tuple(json.loads(run.data.tags[SEEDS_TAG])), run.data.tags.get(INIT_TAG) or None) for run in runs
    ]


def note_question(client: MlflowClient, run_id: str, question: str, train: TrainConfig) -> None:
    """Note with a run what it asks and begins with.

    Args:
        client: A client from `tracking.connect`.
        run_id: MLflow's id of the run.
        question: From `question_of`.
        train: The recipe that it uses.
    """
    client.set_tag(run_id, SEEDS_TAG, json.dumps(seeds_of(train)))
    client.set_tag(run_id, INIT_TAG, train.init or "")
    client.set_tag(run_id, QUESTION_TAG, question)
