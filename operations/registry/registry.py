"""The model registry: MLflow's aliases decide who is champion, ZenML's model versions follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import ValidationError

from operations.platform.termination import uninterrupted
from operations.registry import promotion_log, zenml_models
from operations.registry.address import parse_address
from operations.registry.lease import PREFIX
from operations.registry.lock import registry_lock
from operations.registry.model_store import DIGEST_TAG, is_no_such_version
from operations.registry.promotion_log import By
from operations.registry.registered_model import RegisteredModel
from operations.tracking import connection, mlflow_runs
from operations.tracking.model_files import MANIFEST_TAG
from operations.tracking.paging import mlflow_pages
from recognition.gate import GateDecision
from recognition.training.model_file import ModelFile

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.entities.model_registry import RegisteredModel as MlflowModel

CHAMPION, CHALLENGER = "champion", "challenger"
ZENML_TAG, GATE_TAG = "zenml_version", "gate"
ROLLED_BACK = "rolled back"
WITHDRAWN_TAG = "withdrawn"  # of a champion whom a person replaced: how and why
COPIED_TAG, COPIED_GATE_TAG = "copied_from", "gate_before_copy"  # of a copy: whence, and what was decided there
FOUND = "the alias was moved by another tool, or by a command that was killed"
FACTS = ("test_accuracy", "data", "data_digest", "run")  # tags of a version, so that a list needs no run


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
    with registry_lock(client, name) as check, uninterrupted():
        version = find_version(client, name, file.sha256)
        check()
        if version is None:
            version = _create_version(client, name, file, metadata)
        check()
        zenml_version = version.tags.get(ZENML_TAG) or create_zenml_version(client, version, metadata, artifacts)
        registered = registered_model(version).model_copy(update={"zenml_version": zenml_version})
        if recorded_decision(client, registered) is None:
            check()
            client.set_registered_model_alias(name, CHALLENGER, registered.mlflow_version)
        return registered


def registered_models(client: MlflowClient) -> Iterator[MlflowModel]:
    """MLflow's records of all registered models, those of other tools too, sorted by name."""
    models = mlflow_pages(client.search_registered_models, order_by=["name"])
    return (model for model in models if not model.name.startswith(PREFIX))


def versions_of(client: MlflowClient, name: str) -> list[ModelVersion]:
    """MLflow's records of a model's versions, oldest first; without their aliases, which a search leaves out."""
    quote = '"' if "'" in name else "'"  # other tools may name their models so
    found = mlflow_pages(client.search_model_versions, f"name = {quote}{name}{quote}")
    return sorted(found, key=lambda version: int(version.version))


def find_version(client: MlflowClient, name: str, sha256: str) -> ModelVersion | None:
    """The MLflow version that holds this very file, None where there is none."""
    for version in versions_of(client, name):
        if version.tags.get(DIGEST_TAG) == sha256:
            return version
    return None


def champion(client: MlflowClient, name: str) -> RegisteredModel | None:
    """The version that the alias `champion` points to, None where there is none."""
    from mlflow.exceptions import MlflowException

    try:
        version = client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        if not is_no_such_version(client, name, error):
            raise
        return None
    return registered_model(version)


def is_there(client: MlflowClient, address: str) -> bool:
    """Whether a version is registered.

    Args:
        client: A client from `tracking.connect`.
        address: `NAME/VERSION`, with or without "models:/" before it.

    Raises:
        ValueError: If it is none.
    """
    from mlflow.exceptions import MlflowException

    parsed = parse_address(address)
    if parsed is None or not parsed.version:
        raise ValueError(f"no address of a version: {address}")
    try:
        client.get_model_version(parsed.name, parsed.version)
    except MlflowException as error:
        if not is_no_such_version(client, parsed.name, error):
            raise
        return False
    return True


def registered_model(version: ModelVersion) -> RegisteredModel:
    """MLflow's record of a version, as ours."""
    tags = version.tags
    return RegisteredModel(
        name=version.name,
        zenml_version=tags.get(ZENML_TAG, ""),
        mlflow_version=str(version.version),
        sha256=tags.get(DIGEST_TAG, ""),
        manifest=tags.get(MANIFEST_TAG, ""),
    )


def created(client: MlflowClient, model: RegisteredModel) -> datetime:
    """When a version was registered, in UTC."""
    version = client.get_model_version(model.name, model.mlflow_version)
    return datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)


def aliases(client: MlflowClient, model: RegisteredModel) -> list[str]:
    """The aliases that point to a version."""
    return sorted(client.get_model_version(model.name, model.mlflow_version).aliases)


def recorded_decision(client: MlflowClient, model: RegisteredModel, tag: str = GATE_TAG) -> GateDecision | None:
    """What the gate decided about a version, None where it has not yet, or in words of another version of this code.

    Args:
        client: A client from `tracking.connect`.
        model: The version.
        tag: COPIED_GATE_TAG for what the gate decided where the version was copied from.
    """
    text = client.get_model_version(model.name, model.mlflow_version).tags.get(tag)
    try:
        return None if text is None else GateDecision.model_validate_json(text)
    except ValidationError:
        return None


def apply_decision(client: MlflowClient, model: RegisteredModel, decision: GateDecision, run: str = "") -> GateDecision:
    """Record a decision and, where it promotes, move the champion; safe to repeat. The registry's lock must be held.

    Args:
        client: A client from `tracking.connect`.
        model: The candidate.
        decision: The gate's decision about it.
        run: The pipeline run that asks.

    Returns:
        The decision that counts: a champion whom a person replaced, only a person promotes again.
    """
    with uninterrupted():
        decision = _unless_withdrawn(client, model, decision)
        client.set_model_version_tag(model.name, model.mlflow_version, GATE_TAG, decision.model_dump_json())
        client.update_model_version(model.name, model.mlflow_version, f"{decision.decision}: {decision.reason}")
        if decision.decision == "promoted":
            move_champion(client, model, "gate", decision.reason, run)
        if decision.decision == "waiting" and CHAMPION not in aliases(client, model):
            client.set_registered_model_alias(model.name, CHALLENGER, model.mlflow_version)
        zenml_models.annotate(model.name, model.zenml_version, {"gate": decision.model_dump()})
        return decision


def move_champion(client: MlflowClient, model: RegisteredModel, by: By, reason: str, run: str = "") -> None:
    """Make a version the champion in both registries and write it down; the registry's lock must be held.

    Args:
        client: A client from `tracking.connect`.
        model: The version; nothing is written where it is champion already.
        by: Who decided.
        reason: Why.
        run: The pipeline run, where there is one.
    """
    before = champion(client, model.name)
    write_down_found(client, model.name, before)
    if before is None or before.mlflow_version != model.mlflow_version:
        client.set_registered_model_alias(model.name, CHAMPION, model.mlflow_version)
        left = before.mlflow_version if before else None
        promotion_log.append(client, model.name, left, model.mlflow_version, by, reason, run)
    if CHALLENGER in aliases(client, model):
        client.delete_registered_model_alias(model.name, CHALLENGER)
    zenml_models.set_production(model.name, model.zenml_version, connection.address(client))


def write_down_found(client: MlflowClient, name: str, now: RegisteredModel | None) -> bool:
    """Write down that the alias was moved to where it is now without an entry in the log; whether it was."""
    log = promotion_log.read_log(client.get_registered_model(name).tags)
    last = log[-1].after if log else None
    version = now.mlflow_version if now else None
    if last == version:
        return False
    decision = recorded_decision(client, now) if now else None
    by_gate = decision is not None and (decision.decision, decision.champion_version) == ("promoted", last)
    promotion_log.append(client, name, last, version, "found", decision.reason if decision and by_gate else FOUND)
    return True


def allow(client: MlflowClient, model: RegisteredModel) -> bool:
    """Let the gate promote a version again, as it may each champion; whether a person had forbidden it.

    Args:
        client: A client from `tracking.connect`.
        model: The champion; the registry's lock must be held.
    """
    if WITHDRAWN_TAG not in client.get_model_version(model.name, model.mlflow_version).tags:
        return False
    client.delete_model_version_tag(model.name, model.mlflow_version, WITHDRAWN_TAG)
    return True


def _unless_withdrawn(client: MlflowClient, model: RegisteredModel, decision: GateDecision) -> GateDecision:
    why = client.get_model_version(model.name, model.mlflow_version).tags.get(WITHDRAWN_TAG)
    if why is None or decision.decision != "promoted":
        return decision
    reason = f"it was champion, and a person decided otherwise ({why}): only models promote brings it back"
    return decision.model_copy(update={"decision": "kept", "reason": reason})


def _create_version(client: MlflowClient, name: str, file: ModelFile, metadata: Mapping[str, Any]) -> ModelVersion:
    create_model(client, name)
    model_id = file.uri.removeprefix("models:/")
    stored = client.get_logged_model(model_id)
    run_id, recorded = stored.source_run_id, stored.tags.get(MANIFEST_TAG)
    tags = {
        DIGEST_TAG: file.sha256,
        **_facts(client, run_id, metadata),
        **({MANIFEST_TAG: recorded} if recorded else {}),
    }
    return client.create_model_version(name, source=file.uri, run_id=run_id, tags=tags, model_id=model_id)


def _facts(client: MlflowClient, run_id: str, metadata: Mapping[str, Any]) -> dict[str, str]:
    run = mlflow_runs.find_run(client, run_id)
    run_name = run and run.data.tags.get(mlflow_runs.RUN_TAG)
    found = (metadata.get("metrics", {}).get("accuracy"), metadata.get("data"), metadata.get("data_digest"), run_name)
    return {name: str(value) for name, value in zip(FACTS, found, strict=True) if value is not None}


def create_model(client: MlflowClient, name: str) -> None:
    """Make a registered model in MLflow where there is none."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def create_zenml_version(
    client: MlflowClient, version: ModelVersion, metadata: Mapping[str, Any], artifacts: Sequence[UUID]
) -> str:
    """Make ZenML's version of a version in MLflow, and note its number there.

    Args:
        client: A client from `tracking.connect`.
        version: MLflow's record.
        metadata: What is known of it.
        artifacts: Ids of the artifact versions that belong to it.
    """
    sha256, registry = version.tags[DIGEST_TAG], connection.address(client)
    everything = {**metadata, "mlflow_version": str(version.version), "sha256": sha256, zenml_models.REGISTRY: registry}
    origin = f"version {version.version} in MLflow's registry {registry}, SHA-256 {sha256}"
    known = {each.tags.get(ZENML_TAG, "") for each in versions_of(client, version.name)}
    number = zenml_models.create(version.name, origin, known, f"mlflow:{version.version}", everything, artifacts)
    client.set_model_version_tag(version.name, version.version, ZENML_TAG, number)
    return number
