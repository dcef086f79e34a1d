"""Which trainings there have been that differ in seeds and initial weights only: MLflow's runs remember."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from operations.platform.digest import digest_of
from operations.tracking import mlflow_runs
from operations.training.identity import TrainingIdentity
from operations.training.task import former_identity
from recognition.configuration.sections.train import TrainConfig
from recognition.training.retraining import Seeds, seeds_of

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


def question_of(identity: TrainingIdentity, model: str) -> str:
    """What a training asks, whatever its seeds and whoever is champion: 16 hexadecimal digits.

    Args:
        identity: What it is. Initial weights that come without a digest were chosen by a retraining, not by its
            configuration, and do not count.
        model: Its name.
    """
    chosen = {} if identity.initial else {"init": None}
    train = identity.train.model_copy(update={"seed": 0, "seeds": None, **chosen})
    return digest_of({**replace(identity, train=train, plan="").document, "model": model})


def find_past(client: MlflowClient, identity: TrainingIdentity, model: str) -> list[PastTraining]:
    """The trainings that have answered a question, newest first, the former version's last; cached ones count again.

    Args:
        client: A client from `tracking.connect`.
        identity: What is asked.
        model: The model's name.
    """
    questions = [question_of(each, model) for each in (identity, former_identity(identity)) if each]
    asked = [run for question in questions for run in mlflow_runs.tagged_runs(client, QUESTION_TAG, question)]
    runs = [run for run in asked if EVALUATED in run.data.metrics]
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
