"""The model registry: MLflow's aliases decide who is champion, ZenML's model versions follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from operations.locks import state_lock, uninterrupted
from operations.model_store import DIGEST_TAG, NO_SUCH_ALIAS
from recognition.gate import GateDecision
from recognition.model_file import ModelFile

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHAMPION, CHALLENGER = "champion", "challenger"
ZENML_TAG, GATE_TAG = "zenml_version", "gate"


class RegisteredModel(BaseModel):
    """A version in both registries."""

    model_config = ConfigDict(frozen=True)

    name: str
    zenml_version: str
    mlflow_version: str
    sha256: str


def register(
    client: MlflowClient, name: str, file: ModelFile, metadata: Mapping[str, Any], artifacts: Sequence[UUID]
) -> RegisteredModel:
    """Register a stored model as a challenger in both registries; a model that is there already is found again.

    Args:
        client: A client from `tracking.connect`.
        name: Name of the registered model.
        file: The stored model.
        metadata: Metrics, digests and configuration for ZenML's model version.
        artifacts: Ids of the ZenML artifact versions that belong to the model.
    """
    with state_lock("registry"), uninterrupted():
        version = find_version(client, name, file.sha256)
        if version is None:
            version = _create_version(client, name, file)
        zenml_version = version.tags.get(ZENML_TAG) or _create_zenml_version(client, version, metadata, artifacts)
        registered = RegisteredModel(
            name=name, zenml_version=zenml_version, mlflow_version=str(version.version), sha256=file.sha256
        )
        if recorded_decision(client, registered) is None:
            client.set_registered_model_alias(name, CHALLENGER, registered.mlflow_version)
        return registered


def find_version(client: MlflowClient, name: str, sha256: str) -> ModelVersion | None:
    """The MLflow version that holds this very file, None where there is none."""
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.tags.get(DIGEST_TAG) == sha256:
            return version
    return None


def champion(client: MlflowClient, name: str) -> RegisteredModel | None:
    """The version that the alias `champion` points to, None where there is none."""
    from mlflow.exceptions import MlflowException

    try:
        version = client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        if error.error_code not in NO_SUCH_ALIAS:
            raise
        return None
    tags = version.tags
    return RegisteredModel(
        name=name,
        zenml_version=tags.get(ZENML_TAG, ""),
        mlflow_version=str(version.version),
        sha256=tags.get(DIGEST_TAG, ""),
    )


def created(client: MlflowClient, model: RegisteredModel) -> datetime:
    """When a version was registered, in UTC."""
    version = client.get_model_version(model.name, model.mlflow_version)
    return datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)


def aliases(client: MlflowClient, model: RegisteredModel) -> list[str]:
    """The aliases that point to a version."""
    return sorted(client.get_model_version(model.name, model.mlflow_version).aliases)


def recorded_decision(client: MlflowClient, model: RegisteredModel) -> GateDecision | None:
    """What the gate decided about a version, None where it has not yet."""
    text = client.get_model_version(model.name, model.mlflow_version).tags.get(GATE_TAG)
    return None if text is None else GateDecision.model_validate_json(text)


def apply_decision(client: MlflowClient, model: RegisteredModel, decision: GateDecision) -> None:
    """Record a decision and, where it promotes, move the alias and ZenML's stage; safe to repeat.

    Args:
        client: A client from `tracking.connect`.
        model: The candidate.
        decision: The gate's decision about it.
    """
    with uninterrupted():
        client.set_model_version_tag(model.name, model.mlflow_version, GATE_TAG, decision.model_dump_json())
        client.update_model_version(model.name, model.mlflow_version, f"{decision.decision}: {decision.reason}")
        if decision.decision == "promoted":
            client.set_registered_model_alias(model.name, CHAMPION, model.mlflow_version)
            if CHALLENGER in aliases(client, model):
                client.delete_registered_model_alias(model.name, CHALLENGER)
            _promote_in_zenml(model)
        _annotate_zenml(model, {"gate": decision.model_dump()})


def _create_version(client: MlflowClient, name: str, file: ModelFile) -> ModelVersion:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    model_id = file.uri.removeprefix("models:/")
    run_id = client.get_logged_model(model_id).source_run_id
    return client.create_model_version(
        name, source=file.uri, run_id=run_id, tags={DIGEST_TAG: file.sha256}, model_id=model_id
    )


def _create_zenml_version(
    client: MlflowClient, version: ModelVersion, metadata: Mapping[str, Any], artifacts: Sequence[UUID]
) -> str:
    from zenml.client import Client
    from zenml.exceptions import EntityExistsError
    from zenml.models import ModelVersionArtifactRequest

    zenml = Client()
    try:
        zenml.create_model(version.name)
    except EntityExistsError:
        zenml.get_model(version.name)
    created = zenml.create_model_version(version.name, tags=[f"mlflow:{version.version}"])
    for artifact in artifacts:
        zenml.zen_store.create_model_version_artifact_link(
            ModelVersionArtifactRequest(model_version=created.id, artifact_version=artifact)
        )
    number = str(created.number)
    client.set_model_version_tag(version.name, version.version, ZENML_TAG, number)
    everything = {**metadata, "mlflow_version": str(version.version), "sha256": version.tags[DIGEST_TAG]}
    _annotate(created.id, everything)
    return number


def _promote_in_zenml(model: RegisteredModel) -> None:
    from zenml.enums import ModelStages

    version = _zenml_version(model)
    if version.stage != ModelStages.PRODUCTION:
        version.set_stage(ModelStages.PRODUCTION, force=True)


def _annotate_zenml(model: RegisteredModel, metadata: Mapping[str, Any]) -> None:
    _annotate(_zenml_version(model).id, metadata)


def _annotate(identifier: UUID, metadata: Mapping[str, Any]) -> None:
    from zenml.client import Client
    from zenml.enums import MetadataResourceTypes
    from zenml.models import RunMetadataResource

    resource = RunMetadataResource(id=identifier, type=MetadataResourceTypes.MODEL_VERSION)
    Client().create_run_metadata(metadata=dict(metadata), resources=[resource])


def _zenml_version(model: RegisteredModel) -> Any:
    from zenml.client import Client

    return Client().get_model_version(model.name, int(model.zenml_version))
