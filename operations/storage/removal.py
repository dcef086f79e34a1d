"""Removing items, each so that a removal which is killed half-way is finished by the next."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operations.platform.environment import data_cache, state_folder
from operations.platform.termination import uninterrupted
from operations.registry import registry, zenml_models
from operations.registry.lock import registry_lock
from operations.storage.items import Item, Kind
from operations.storage.mlflow_inventory import tracked_runs
from operations.training.checkpoints import remove_training

if TYPE_CHECKING:
    from mlflow import MlflowClient


def remove(client: MlflowClient, items: Iterable[Item]) -> list[tuple[Item, str]]:
    """Remove items in their order.

    Args:
        client: A client from `tracking.connect`.
        items: From `items.removable`.

    Returns:
        Those that stayed, and why.
    """
    removers = _removers(client)
    stayed = [(item, _tried(removers[item.kind], item)) for item in items]
    return [(item, why) for item, why in stayed if why]


def _tried(remover: Callable[[Item], str], item: Item) -> str:
    """What a remover says, or why the system did not let it: the rest is removed all the same."""
    try:
        return remover(item)
    except OSError as error:
        return f"it cannot be removed: {error.strerror or error}"


def _removers(client: MlflowClient) -> Mapping[Kind, Callable[[Item], str]]:
    """A function for each kind: an item -> why it stayed, "" where it is gone."""
    return {
        Kind.VERSION: lambda item: _version(client, item),
        Kind.ARTIFACT: _artifact,
        Kind.LOG: _file,
        Kind.ARRAY: _file,
        Kind.MODEL: lambda item: _model(client, item),
        Kind.REPORT: _report,
        Kind.TRACKED: lambda item: _tracked(client, item),
        Kind.RUN: _run,
        Kind.CHECKPOINT: lambda item: "" if remove_training(item.key) else "in use by now",
        Kind.DOWNLOAD: _downloads,
    }


def _version(client: MlflowClient, item: Item) -> str:
    """Nobody promotes it meanwhile: the registry's lock is held, and the aliases are read again under it."""
    name, number = item.key.rsplit("/", 1)
    with registry_lock(client, name) as check:
        version = next((each for each in registry.versions_of(client, name) if str(each.version) == number), None)
        if version is None:
            return ""
        model = registry.registered_model(version)
        if aliases := registry.aliases(client, model):
            return f"it is {', '.join(aliases)} by now"
        check()
        with uninterrupted():
            zenml_models.delete(name, model.zenml_version)
            client.delete_model_version(name, number)
    return ""


def _artifact(item: Item) -> str:
    """Its files first: a row without files runs again, files without a row would be found by nobody."""
    from uuid import UUID

    from zenml.client import Client

    with suppress(KeyError):
        version = Client().get_artifact_version(UUID(item.key))
        _remove_tree(version.uri)
        _forget_artifact(version)
    return ""


def _forget_artifact(version: Any) -> None:
    """Remove ZenML's row of an artifact; a server keeps it while a run tells of it, with which it goes then."""
    from zenml.client import Client

    try:
        Client().zen_store.delete_artifact_version(version.id)
    except ValueError as error:
        if "used in runs" not in str(error):
            raise


def _file(item: Item) -> str:
    from zenml.io import fileio

    if fileio.exists(item.key):
        fileio.remove(item.key)
    return ""


def _model(client: MlflowClient, item: Item) -> str:
    from mlflow.exceptions import MlflowException
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    try:
        model = client.get_logged_model(item.key)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return ""
    get_artifact_repository(model.artifact_location).delete_artifacts()
    client.delete_logged_model(item.key)
    return ""


def _tracked(client: MlflowClient, item: Item) -> str:
    """Its files; MLflow keeps the run itself, without them, in its trash."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    for run_id in tracked_runs(client, item.key):
        get_artifact_repository(client.get_run(run_id).info.artifact_uri).delete_artifacts()
        client.delete_run(run_id)
    return ""


def _run(item: Item) -> str:
    from zenml.client import Client
    from zenml.io import fileio

    from operations.tracking.runs import find_run

    if run := find_run(item.key):
        if not run.status.is_finished:
            return "it has not ended"
        artifacts = [version for step in run.steps.values() for each in step.outputs.values() for version in each]
        Client().delete_pipeline_run(run.id)
        for version in artifacts:
            if not fileio.exists(version.uri):
                with suppress(KeyError):
                    _forget_artifact(version)
    return ""


def _report(item: Item) -> str:
    _remove_local(state_folder() / "reports" / item.key)
    return ""


def _downloads(item: Item) -> str:
    _remove_local(data_cache())
    return ""


def _remove_local(path: Path) -> None:
    """Remove a folder, a file or a link, whichever lies there."""
    with suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _remove_tree(path: str) -> None:
    from zenml.io import fileio

    if fileio.exists(path):
        fileio.rmtree(path)
