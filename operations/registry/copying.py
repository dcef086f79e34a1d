"""Copy a version to another stack's registry: the same bytes, with everything that belongs to them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from operations.platform.console import echo
from operations.platform.termination import uninterrupted
from operations.registry import model_store, registry, zenml_models
from operations.registry.lock import registry_lock
from operations.registry.lookup import find_model
from operations.registry.registered_model import RegisteredModel
from operations.registry.registry import COPIED_GATE_TAG, COPIED_TAG, FACTS, GATE_TAG, ZENML_TAG
from operations.registry.rejection import REJECTION_TAG
from operations.registry.repair import repair
from operations.registry.stored_files import checked
from operations.tracking import connection, mlflow_runs
from operations.tracking.logged_model import KERAS_FILE
from operations.tracking.model_files import DESCRIPTION, MANIFEST_TAG, fetched, record_manifest
from operations.tracking.paging import mlflow_pages
from recognition.configuration.nearest import nearest
from recognition.errors import InputError, RecognitionError
from recognition.training.model_file import file_digest

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel, Run
    from mlflow.entities.model_registry import ModelVersion

STACKS_SHOWN = 10
MODEL, RUN = "model", "run"  # folders of what travels
COPYING = "copying"  # tag of a run until the version is registered for which it was stored: the version's SHA-256
TRAVELLING = (*FACTS, model_store.DIGEST_TAG, REJECTION_TAG)  # tags of the version


@dataclass(frozen=True)
class _Original:
    """What travels.

    Attributes:
        model: The version.
        version: MLflow's record of it.
        run: MLflow's record of the run that trained it, None where it is gone.
        history: The run's metrics, all points.
        metadata: Of ZenML's version.
        artifacts: Ids of the artifact versions linked to it.
        source: Where it comes from, for people.
    """

    model: RegisteredModel
    version: ModelVersion
    run: Run | None
    history: list[Any]
    metadata: dict[str, Any]
    artifacts: list[Any]
    source: str


def copy_model(word: str, stack_name: str) -> list[str]:
    """Copy a version to the registry of another stack; what is there already is found again. No alias travels.

    Args:
        word: As of `address.WORDS`.
        stack_name: Name of the other stack.

    Returns:
        What to tell the person, a line each.

    Raises:
        InputError: If there is no such version or stack, the version's files are damaged, or both stacks share one
            registry.
        RecognitionError: If what arrived is not what was sent.
    """
    from zenml.client import Client

    target = _tracker(stack_name)
    with connection.connected(target) as there:
        where = connection.address(there)
    with tempfile.TemporaryDirectory() as folder:
        here = Client().active_stack
        with connection.connected(here.experiment_tracker) as client:
            mended = [f"mended {line}" for line in repair(client)]
            if connection.address(client) == where:
                raise _same_registry(stack_name, where)
            original = _fetch(client, word, Path(folder), f"stack {here.name} ({connection.address(client)})")
        with connection.connected(target) as there:
            copied, found = _place(there, original, Path(folder))
    verb = "was there already, as" if found else "is now"
    told = f"{word}, version {original.model.mlflow_version} here, {verb} {copied.name} version {copied.mlflow_version}"
    return [*mended, f"{told} in the registry of stack {stack_name}"]


def _tracker(name: str) -> Any | None:
    """The tracker of a stack, None where it has none; nothing else of the stack need work here."""
    from zenml.client import Client
    from zenml.enums import StackComponentType
    from zenml.stack import StackComponent
    from zenml.utils.pagination_utils import depaginate

    stacks = {stack.name: stack.id for stack in depaginate(Client().list_stacks)}
    if name in stacks:
        trackers = Client().get_stack(stacks[name]).components.get(StackComponentType.EXPERIMENT_TRACKER)
        return StackComponent.from_model(trackers[0]) if trackers else None
    near = nearest(name, stacks)
    raise InputError(
        "there is no ZenML stack of this name",
        received=name,
        expected=f"one of {', '.join(sorted(stacks)[:STACKS_SHOWN])}",
        remedy=f"did you mean {near}?" if near else "zenml stack list shows all",
    )


def _fetch(client: MlflowClient, word: str, folder: Path, source: str) -> _Original:
    model = find_model(client, word)
    version = client.get_model_version(model.name, model.mlflow_version)
    with checked(model) as stored:
        shutil.copytree(stored, folder / MODEL)
    run = mlflow_runs.find_run(client, version.run_id)
    if run is not None:
        (folder / RUN).mkdir()
        for file in client.list_artifacts(run.info.run_id):
            client.download_artifacts(run.info.run_id, file.path, str(folder / RUN))
    zenml = zenml_models.find(model.name, model.zenml_version)
    return _Original(
        model=model,
        version=version,
        run=run,
        history=list(_points(client, run)),
        metadata=dict(zenml.run_metadata) if zenml else {},
        artifacts=zenml_models.linked_artifacts(model.name, model.zenml_version),
        source=source,
    )


def _points(client: MlflowClient, run: Run | None) -> Iterator[Any]:
    for name in run.data.metrics if run else ():
        yield from client.get_metric_history(run.info.run_id, name)  # type: ignore[union-attr]


def _place(client: MlflowClient, original: _Original, folder: Path) -> tuple[RegisteredModel, bool]:
    """The copy, and whether it was there already."""
    name, sha256 = original.model.name, original.model.sha256
    with registry_lock(client, name) as check, uninterrupted():
        version = registry.find_version(client, name, sha256)
        found = version is not None and ZENML_TAG in version.tags
        if version is None:
            _remove_unfinished(client, sha256)
            stored = _store(client, original, folder)
            _check_arrived(stored, sha256)
            check()
            version = _register(client, original, stored)
        if not found:
            _forget_copying(client, version)
            version = _complete(client, original, version)
        return registry.registered_model(version), found


def _store(client: MlflowClient, original: _Original, folder: Path) -> LoggedModel:
    """Store files and numbers, as a model and a run of the other server."""
    run_id = client.create_run(
        mlflow_runs.experiment_id(client), run_name=_run_name(original), tags=_run_tags(original)
    ).info.run_id
    mlflow_runs.log_parameters(client, run_id, original.run.data.params if original.run else {})
    mlflow_runs.log_metrics(client, run_id, ((point.key, point.value, point.step) for point in original.history))
    if (folder / RUN).is_dir():
        client.log_artifacts(run_id, str(folder / RUN))
    mlflow_runs.end_run(client, run_id, "FINISHED")
    stored = client.create_logged_model(mlflow_runs.experiment_id(client), name=MODEL, source_run_id=run_id)
    _describe_anew(folder / MODEL / DESCRIPTION, stored, run_id)
    client.log_model_artifacts(stored.model_id, str(folder / MODEL))
    record_manifest(client, stored.model_id, folder / MODEL)
    return client.finalize_logged_model(stored.model_id, "READY")


def _remove_unfinished(client: MlflowClient, sha256: str) -> None:
    """Remove the models and runs of copies that were killed before there was a version of them."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    for run in mlflow_runs.tagged_runs(client, COPYING, sha256):
        models = mlflow_pages(client.search_logged_models, [run.info.experiment_id])
        for model in [each for each in models if each.source_run_id == run.info.run_id]:
            get_artifact_repository(model.artifact_location).delete_artifacts()
            client.delete_logged_model(model.model_id)
        get_artifact_repository(run.info.artifact_uri).delete_artifacts()
        client.delete_run(run.info.run_id)
        echo(f"removed what a killed copy left there: run {run.info.run_name}")


def _forget_copying(client: MlflowClient, version: ModelVersion) -> None:
    run = mlflow_runs.find_run(client, version.run_id)
    if run is not None and COPYING in run.data.tags:
        client.delete_tag(run.info.run_id, COPYING)


def _describe_anew(path: Path, stored: LoggedModel, run_id: str) -> None:
    """Let MLflow's description of a model name the server where it is now."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    place = {"model_id": stored.model_id, "run_id": run_id, "artifact_path": stored.artifact_location}
    path.write_text(yaml.safe_dump({**document, **place}, allow_unicode=True), encoding="utf-8")


def _check_arrived(stored: LoggedModel, sha256: str) -> None:
    with fetched(f"models:/{stored.model_id}") as folder:
        digest = file_digest(folder / KERAS_FILE)
    if digest != sha256:
        raise RecognitionError(
            "the model that arrived is not the one that was sent",
            received=f"SHA-256 {digest}",
            expected=f"SHA-256 {sha256}",
            remedy="check the other server's storage; nothing was registered",
        )


def _register(client: MlflowClient, original: _Original, stored: LoggedModel) -> ModelVersion:
    registry.create_model(client, original.model.name)
    kept = {name: value for name, value in original.version.tags.items() if name in TRAVELLING}
    decision = original.version.tags.get(GATE_TAG) or original.version.tags.get(COPIED_GATE_TAG)
    source = f"{original.model.name} version {original.model.mlflow_version} of {original.source}"
    tags = {**kept, COPIED_TAG: source, **({COPIED_GATE_TAG: decision} if decision else {})}
    tags[MANIFEST_TAG] = client.get_logged_model(stored.model_id).tags[MANIFEST_TAG]
    return client.create_model_version(
        original.model.name,
        source=f"models:/{stored.model_id}",
        run_id=stored.source_run_id,
        tags=tags,
        model_id=stored.model_id,
        description=f"copied from {source}",
    )


def _complete(client: MlflowClient, original: _Original, version: ModelVersion) -> ModelVersion:
    metadata = {**original.metadata, COPIED_TAG: version.tags[COPIED_TAG]} if COPIED_TAG in version.tags else {}
    registry.create_zenml_version(client, version, metadata, original.artifacts)
    return client.get_model_version(version.name, version.version)


def _run_name(original: _Original) -> str:
    return str(original.run.info.run_name if original.run else f"{original.model.name} {original.model.mlflow_version}")


def _run_tags(original: _Original) -> dict[str, str]:
    tags = original.run.data.tags if original.run else {}
    kept = {name: value for name, value in tags.items() if not name.startswith("mlflow.")}
    return {**kept, COPYING: original.model.sha256}


def _same_registry(stack_name: str, address: str) -> InputError:
    return InputError(
        "both stacks share one registry",
        received=f"{stack_name}, whose registry is {address}, as the active stack's",
        expected="a stack with an MLflow tracker of its own",
        remedy="name another stack; zenml stack list shows all",
    )
