"""ZenML's side of the registry: model versions with lineage and metadata, and a stage that follows MLflow's alias."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from operations.platform.console import echo

REGISTRY = "registry"  # metadata: which MLflow the version belongs to, as several stacks may share one ZenML


def create(
    name: str, origin: str, known: Collection[str], tag: str, metadata: Mapping[str, Any], artifacts: Sequence[UUID]
) -> str:
    """Make a model version, or complete one that a killed command has begun; the number ZenML gives it.

    Args:
        name: Name of the model, made where there is none.
        origin: What it is the version of, by which one that was begun is found again.
        known: Numbers of the versions that are complete.
        tag: What ZenML's list shows of it.
        metadata: What is known of it.
        artifacts: Ids of the artifact versions that belong to it.
    """
    from zenml.client import Client
    from zenml.exceptions import EntityExistsError
    from zenml.models import ModelVersionArtifactRequest

    zenml = Client()
    try:
        zenml.create_model(name)
    except EntityExistsError:
        zenml.get_model(name)
    created = _begun(name, origin, known) or zenml.create_model_version(name, description=origin)
    zenml.update_model_version(name, created.id, add_tags=[tag])
    for artifact in artifacts:
        zenml.zen_store.create_model_version_artifact_link(
            ModelVersionArtifactRequest(model_version=created.id, artifact_version=artifact)
        )
    _annotate(created.id, metadata)
    return str(created.number)


def _begun(name: str, origin: str, known: Collection[str]) -> Any | None:
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    for version in depaginate(Client().list_model_versions, model=name, size=100):
        begun = find(name, str(version.number)) if str(version.number) not in known else None
        if begun is not None and begun.description == origin:
            echo(f"version {begun.number} of {name} in ZenML, which a killed command had begun, is completed")
            return begun
    return None


def find(name: str, number: str) -> Any | None:
    """ZenML's record of a version, None where there is none, as for one that was registered by hand."""
    from zenml.client import Client

    if not number:
        return None
    try:
        return Client().get_model_version(name, int(number))
    except KeyError:
        return None


def annotate(name: str, number: str, metadata: Mapping[str, Any]) -> None:
    """Add to what is known of a version; nothing where ZenML has none.

    Args:
        name: Name of the model.
        number: ZenML's number of the version.
        metadata: What to add.
    """
    version = find(name, number)
    if version is not None:
        _annotate(version.id, metadata)


def in_production(name: str, registry: str) -> str | None:
    """Number of the version in stage `production`, None where there is none or it belongs to another registry.

    Args:
        name: Name of the model.
        registry: As of `tracking.address`.
    """
    version = _in_production(name)
    return None if version is None or _belongs_elsewhere(version, registry) else str(version.number)


def is_elsewhere(name: str, registry: str) -> bool:
    """Whether the stage is another registry's, which promoted later; arguments as of `in_production`."""
    version = _in_production(name)
    return version is not None and _belongs_elsewhere(version, registry)


def set_production(name: str, number: str, registry: str) -> None:
    """Let the stage follow the champion; ZenML archives the version before it.

    Args:
        name: Name of the model.
        number: The champion's; a champion that ZenML does not know leaves no version of ours in production.
        registry: As of `tracking.address`.
    """
    from zenml.enums import ModelStages

    version = find(name, number)
    if version is None:
        before = in_production(name, registry)
        if before is not None:
            find(name, before).set_stage(ModelStages.ARCHIVED, force=True)  # type: ignore[union-attr]
    elif version.stage != ModelStages.PRODUCTION:
        version.set_stage(ModelStages.PRODUCTION, force=True)


def delete(name: str, number: str) -> None:
    """Delete a version, where ZenML has it; its artifacts stay.

    Args:
        name: Name of the model.
        number: ZenML's number of the version.
    """
    from zenml.client import Client

    version = find(name, number)
    if version is not None:
        Client().delete_model_version(version.id)


def linked_artifacts(name: str, number: str) -> list[UUID]:
    """Ids of the artifact versions that belong to a version."""
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    version = find(name, number)
    if version is None:
        return []
    links = depaginate(Client().list_model_version_artifact_links, size=100, model_version_id=version.id)
    return [link.artifact_version.id for link in links]


def _in_production(name: str) -> Any | None:
    from zenml.client import Client
    from zenml.enums import ModelStages

    try:
        return Client().get_model_version(name, ModelStages.PRODUCTION)
    except KeyError:
        return None


def _belongs_elsewhere(version: Any, registry: str) -> bool:
    return bool(version.run_metadata.get(REGISTRY, registry) != registry)


def _annotate(identifier: UUID, metadata: Mapping[str, Any]) -> None:
    from zenml.client import Client
    from zenml.enums import MetadataResourceTypes
    from zenml.models import RunMetadataResource

    resource = RunMetadataResource(id=identifier, type=MetadataResourceTypes.MODEL_VERSION)
    Client().create_run_metadata(metadata=dict(metadata), resources=[resource])
