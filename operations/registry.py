"""The model registry: MLflow's aliases decide who is champion, ZenML's model versions follow."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from operations.locks import state_lock, uninterrupted
from recognition.gate import GateDecision
from recognition.model_file import ModelFile, describe_layers, file_digest

if TYPE_CHECKING:
    import keras
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHAMPION, CHALLENGER = "champion", "challenger"
DIGEST_TAG, ZENML_TAG, GATE_TAG = "sha256", "zenml_version", "gate"
KERAS_FILE = "data/model.keras"  # where MLflow's Keras flavour keeps the model
SEEN_FILE = "seen_images.npy"
NO_SUCH_ALIAS = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # no such model, no such alias
PACKAGES = ("keras", "tensorflow", "numpy")  # all that a registered model needs beside MLflow


class RegisteredModel(BaseModel):
    """A version in both registries."""

    model_config = ConfigDict(frozen=True)

    name: str
    zenml_version: str
    mlflow_version: str
    sha256: str


def log_model(
    client: MlflowClient, run_id: str, model: keras.Model, metadata: Mapping[str, Any], seen: NDArray[np.uint64]
) -> ModelFile:
    """Store a model once and for all, as a LoggedModel of an MLflow run.

    Args:
        client: A client from `tracking.connect`.
        run_id: The MLflow run that trained it.
        model: Uint8 images in, probabilities out; built-in layers only.
        metadata: What a user of the model needs to know: class names, data digest, configuration.
        seen: uint64, (n,), content hashes of the images it was trained or selected on.
    """
    import mlflow.keras
    from mlflow.models import Model

    mlflow.set_experiment(experiment_id=client.get_run(run_id).info.experiment_id)
    info = Model.log(
        artifact_path=None,
        name="model",
        flavor=mlflow.keras,
        run_id=run_id,
        model=model,
        signature=_signature(model),
        pip_requirements=_requirements(),
        metadata=dict(metadata),
    )
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / SEEN_FILE, seen, allow_pickle=False)
        client.log_model_artifacts(info.model_id, folder)
    path = fetch(info.model_uri, KERAS_FILE)
    return ModelFile(path, info.model_uri, file_digest(path), describe_layers(model))


def fetch(model_uri: str, name: str) -> Path:
    """A file of a stored model, downloaded where it is not on this machine.

    Args:
        model_uri: Such as `models:/m-…` or `models:/NAME/VERSION`.
        name: Path inside the model's folder.
    """
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(model_uri)) / name


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


def _signature(model: keras.Model) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    inputs = TensorSpec(np.dtype("uint8"), (-1, *model.input_shape[1:]), "images")
    outputs = TensorSpec(np.dtype("float32"), (-1, model.output_shape[-1]))
    return ModelSignature(Schema([inputs]), Schema([outputs]))


def _requirements() -> list[str]:
    from importlib.metadata import version

    return [f"{package}=={version(package)}" for package in PACKAGES]


def metadata_of(model_uri: str) -> dict[str, Any]:
    """The metadata that travels with a stored model: class names, input shape, data digest, configuration."""
    import yaml

    document = yaml.safe_load(fetch(model_uri, "MLmodel").read_text())
    return dict(json.loads(json.dumps(document.get("metadata") or {})))
