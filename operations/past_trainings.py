"""Which trainings there have been that differ in seeds and initial weights only: MLflow's runs remember."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations import tracking
from operations.checkpoints import Training, training_identity
from recognition.configuration.schema import RunConfig
from recognition.retraining import Seeds

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


def question_of(config: RunConfig, digest: str, code: str, initial: str) -> str:
    """What a retraining asks, whatever its seeds and whoever is champion: 16 hexadecimal digits.

    Args:
        config: Its configuration, with the section `retrain`.
        digest: Of the data.
        code: Hash of the code behind the training.
        initial: Digest of the weights that `train.init` names, "" without.
    """
    assert config.retrain is not None
    train = config.train.model_copy(update={"seed": 0, "seeds": None})
    identity = training_identity(
        digest, config.augmentation, train, config.evaluation.metric, config.data.folds, code, initial
    )
    return Training("", {**identity, "retrain.init": config.retrain.init, "model": config.model.name}).key


def find_past(client: MlflowClient, question: str) -> list[PastTraining]:
    """The trainings that have answered a question, newest first; cached ones count again.

    Args:
        client: A client from `tracking.connect`.
        question: From `question_of`.
    """
    runs = [run for run in tracking.tagged_runs(client, QUESTION_TAG, question) if EVALUATED in run.data.metrics]
    return [
        PastTraining(tuple(json.loads(run.data.tags[SEEDS_TAG])), run.data.tags.get(INIT_TAG) or None) for run in runs
    ]


def note_question(client: MlflowClient, run_id: str, question: str, seeds: Seeds, init: str | None) -> None:
    """Note with a run what it asks and begins with.

    Args:
        client: A client from `tracking.connect`.
        run_id: MLflow's id of the run.
        question: From `question_of`.
        seeds: Of the training.
        init: Address of the weights that it begins with, None for random ones.
    """
    client.set_tag(run_id, SEEDS_TAG, json.dumps(seeds))
    client.set_tag(run_id, INIT_TAG, init or "")
    client.set_tag(run_id, QUESTION_TAG, question)
