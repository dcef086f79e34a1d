"""What came of a finished run is told, then noted with the version: a kill between loses no message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operations.outcomes import notify
from operations.outcomes.results import Results
from operations.platform.digest import digest_of
from operations.registry.registered_model import RegisteredModel
from operations.tracking import connection
from recognition.configuration.schema import RunConfig
from recognition.gate.decision import GateDecision

if TYPE_CHECKING:
    from mlflow import MlflowClient

TOLD_TAG = "gate_told"  # of a model version: digest of the decision that a run has told


def announce(config: RunConfig, recipe: str, summary: dict[str, Any], results: Results) -> None:
    """Tell what is new about a finished run, whether or not section `notify` names anybody.

    Args:
        config: The configuration that it used.
        recipe: Name of the configuration.
        summary: Its summary.
        results: What it left behind.
    """
    notify.notify_end(config, recipe, summary, results.run)
    model = results.registered
    connection.connect().set_model_version_tag(model.name, model.mlflow_version, TOLD_TAG, _told(results.decision))


def is_told(client: MlflowClient, model: RegisteredModel, decision: GateDecision) -> bool:
    """Whether a run has told a decision about a version.

    Args:
        client: A client from `tracking.connect`.
        model: The version.
        decision: The gate's, as recorded.
    """
    tags = client.get_model_version(model.name, model.mlflow_version).tags
    return bool(tags.get(TOLD_TAG) == _told(decision))


def _told(decision: GateDecision) -> str:
    return digest_of(decision.model_dump(mode="json"))
