"""Retraining: what a run begins with, whether it found anything new, and what it tells where it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from operations.registry import registry
from operations.training.past_trainings import PastTraining, find_past, note_question, question_of
from operations.training.task import planned_identity
from recognition.configuration.schema import RunConfig
from recognition.data.change import DataChange
from recognition.training.retraining import check_change, seeds_of, with_new_seeds

PERMIT = "permit"  # the step that only retrainings have
TRAINED, NOTHING_NEW, JUDGED, REFUSED = "trained", "nothing new", "judged again", "refused"

if TYPE_CHECKING:
    from mlflow import MlflowClient


def prepare_retraining(
    client: MlflowClient, run_id: str, config: RunConfig, digest: str, change: DataChange, code: str, initial: str
) -> RunConfig:
    """The configuration that a retraining uses: its seeds and its initial weights are named.

    Where these data, this recipe and this code were trained with before, the same weights are named as then, whoever is
    champion by now: only so is a training that promoted its own model found in the cache.

    Args:
        client: A client from `tracking.connect`.
        run_id: MLflow's id of the run.
        config: The configuration, with the section `retrain`.
        digest: Of the data.
        change: The data against the champion's.
        code: Hash of the code behind the training.
        initial: Digest of the weights that `train.init` names, "" without.

    Raises:
        RetrainingRefused: If the data have changed in a way that is not trained on.
    """
    assert config.retrain is not None
    check_change(change, config.retrain)
    identity = planned_identity(config, digest, code, initial)
    past = find_past(client, identity, config.model.name)
    train = with_new_seeds(config.train, {each.seeds for each in past}) if config.retrain.force else config.train
    if config.retrain.init == "champion":
        earlier = next((each for each in past if each.seeds == seeds_of(train)), None)
        train = train.model_copy(update={"init": _start(client, config.model.name, earlier)})
    note_question(client, run_id, question_of(identity, config.model.name), train)
    return config.model_copy(update={"train": train, "retrain": None})


def _start(client: MlflowClient, name: str, earlier: PastTraining | None) -> str | None:
    """Address of the version that a training begins with: as an earlier one did, else the champion."""
    if earlier is not None and (earlier.init is None or registry.is_there(client, earlier.init)):
        return earlier.init
    champion = registry.champion(client, name)
    return None if champion is None else champion.uri


def retrain_facts(run: Any, change: DataChange) -> dict[str, Any]:
    """Section `retrain` of a summary: whether a finished run found anything new, and why; nothing for other runs.

    Args:
        run: ZenML's record of the run, hydrated.
        change: The data against the champion's.
    """
    if PERMIT not in run.steps:
        return _facts()
    permitted, train = run.steps[PERMIT].run_metadata, run.steps["train"]
    begun = permitted["init"] or None, permitted["seed"]
    if train.status.value != "cached":
        return _facts(TRAINED, _why_trained(change, permitted["force"]), *begun)
    reason = f"images, recipe and code are those of run {_origin(train)}"
    if run.steps["gate"].run_metadata["repeated"]:
        return _facts(NOTHING_NEW, reason, *begun)
    return _facts(JUDGED, f"{reason}, but not what its model is judged by", *begun)


def refused_facts(reason: str) -> dict[str, Any]:
    """Section `retrain` of a refused run's summary.

    Args:
        reason: Why it was refused.
    """
    return _facts(REFUSED, reason)


def _facts(
    outcome: str | None = None, reason: str | None = None, init: str | None = None, seed: int | None = None
) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason, "init": init, "seed": seed}


def _why_trained(change: DataChange, force: bool) -> str:
    if force:
        return "retrain.force asks for a training with another seed"
    if change.verdict == "same":
        return "the images are the champion's, but no training with this recipe and code is stored"
    return change.reason if change.verdict == "unknown" else f"the data are {change.in_words()}"


def _origin(step: Any) -> str:
    """Name of the run that a cached step was taken from; the run may have been deleted since."""
    from zenml.client import Client

    try:
        original = Client().get_run_step(UUID(str(step.original_step_run_id)))
        return str(Client().get_pipeline_run(original.pipeline_run_id, hydrate=False).name)
    except KeyError:
        return "that is no longer recorded"
