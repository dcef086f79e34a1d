"""The threshold below which a registered version does not answer.

It belongs to the version, not to the stored model: two names may have versions of one stored model, and what one is
asked to keep silent about is none of the other's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recognition.prediction.rejection import EVERY_ANSWER, Rejection, RejectionChoice

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

    from operations.registry.registered_model import RegisteredModel

REJECTION_TAG = "rejection"  # of a model version


def settle_rejection(
    client: MlflowClient, model: RegisteredModel, target: float | None, choice: RejectionChoice
) -> RejectionChoice:
    """Give a version the threshold that a run chose, in place of an earlier one; safe to repeat.

    Args:
        client: A client from `tracking.connect`.
        model: The version.
        target: What the run was asked for; None leaves the version as it is.
        choice: What came of it; without a threshold an earlier one is removed.

    Returns:
        What holds for the version.
    """
    stored = stored_rejection(client, model)
    if target is None:
        return RejectionChoice(target_error=stored.target_error, rejection=stored) if stored else EVERY_ANSWER
    if choice.rejection is not None:
        client.set_model_version_tag(
            model.name, model.mlflow_version, REJECTION_TAG, choice.rejection.model_dump_json()
        )
    elif stored is not None:
        client.delete_model_version_tag(model.name, model.mlflow_version, REJECTION_TAG)
    return choice


def stored_rejection(client: MlflowClient, model: RegisteredModel) -> Rejection | None:
    """The threshold of a version, None where it answers whatever it is shown.

    Args:
        client: A client from `tracking.connect`.
        model: The version.
    """
    return recorded_rejection(client.get_model_version(model.name, model.mlflow_version))


def recorded_rejection(version: ModelVersion) -> Rejection | None:
    """The threshold in MLflow's record of a version, None where it has none."""
    text = version.tags.get(REJECTION_TAG)
    return Rejection.model_validate_json(text) if text else None
