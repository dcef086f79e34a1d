"""What our pipelines left in ZenML and its artifact store: runs, artifacts, arrays, step logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from operations.storage.items import Item, Kind
from operations.storage.sizes import modified, size_of
from operations.training.task import recipe_of

PIPELINES = ("recognition", "calibration", "prediction", "reproduction")
PAGE = 100


def zenml_items() -> list[Item]:
    """All of it; of other artifacts, as those whose run was deleted, only that they are there, and what they need."""
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    runs = [
        run
        for name in PIPELINES
        for run in depaginate(Client().list_pipeline_runs, size=PAGE, pipeline_name=name, hydrate=True)
    ]
    steps = {
        run.id: depaginate(Client().list_run_steps, size=PAGE, pipeline_run_id=run.id, hydrate=True) for run in runs
    }
    owners = {step.id: run for run in runs for step in steps[run.id]}
    ours = {version.id for found in steps.values() for step in found for version in _versions(step)}
    artifacts = depaginate(Client().list_artifact_versions, size=PAGE, hydrate=True)
    logs = {log for run in runs for log in _logs(run, steps[run.id])}
    arrays = _arrays()
    return [
        *(_run(run, steps[run.id], owners) for run in runs),
        *(_artifact(version, version.id in ours, arrays) for version in artifacts),
        *(Item(Kind.ARRAY, path, PurePosixPath(path).name, size_of(path), modified(path)) for path in arrays),
        *(Item(Kind.LOG, path, PurePosixPath(path).name, size_of(path), modified(path)) for path in logs),
    ]


def linked_artifacts(name: str, number: str) -> frozenset[tuple[Kind, str]]:
    """The artifacts that belong to a model version in ZenML."""
    from operations.registry import zenml_models

    return frozenset((Kind.ARTIFACT, str(version)) for version in zenml_models.linked_artifacts(name, number))


def _run(run: Any, steps: Iterable[Any], owners: dict[Any, Any]) -> Item:
    needs = {(Kind.ARTIFACT, str(version.id)) for step in steps for version in _versions(step)}
    origins = [owners[step.original_step_run_id] for step in steps if step.original_step_run_id in owners]
    needs |= {(Kind.RUN, origin.name) for origin in origins if origin.id != run.id}
    needs |= {(Kind.LOG, path) for path in _logs(run, steps)}
    needs |= {(Kind.REPORT, run.name), (Kind.TRACKED, run.name)}
    parameters = run.config.parameters or {}
    needs |= _downloads(parameters.get("config") or {})
    return Item(
        Kind.RUN,
        run.name,
        f"run {run.name}",
        0,
        _utc(run.end_time or run.updated),
        frozenset(needs),
        "" if run.status.is_finished else "it has not ended",
        f"{run.pipeline.name} {recipe_of(run.name)}",
    )


def _downloads(config: dict[str, Any]) -> set[tuple[Kind, str]]:
    """Whatever was downloaded may be what a run of no local path reads."""
    path = str((config.get("data") or {}).get("path") or "")
    return set() if path and "://" not in path else {(Kind.DOWNLOAD, "")}


def _artifact(version: Any, ours: bool, arrays: Iterable[str]) -> Item:
    from zenml.io import fileio

    from operations.platform.references import references

    named = {PurePosixPath(path).name for path in references(version.uri)}
    needs = {(Kind.ARRAY, path) for path in arrays if PurePosixPath(path).name in named}  # wherever the store has moved
    pinned = "" if ours or not fileio.exists(version.uri) else "no run of this program has to do with it"
    return Item(
        Kind.ARTIFACT,
        str(version.id),
        f"{version.artifact.name} version {version.version}",
        size_of(version.uri) if ours else 0,
        _utc(version.updated),
        frozenset(needs),
        pinned,
    )


def _versions(step: Any) -> Iterator[Any]:
    for versions in (*step.outputs.values(), *step.inputs.values()):
        yield from versions


def _logs(run: Any, steps: Iterable[Any]) -> set[str]:
    return {log.uri for owner in (run, *steps) for log in owner.log_collection or () if log.uri}


def _arrays() -> list[str]:
    from zenml.client import Client

    store = Client().active_stack.artifact_store
    folder = f"{store.path}/arrays"
    return [f"{folder}/{name}" for name in map(str, store.listdir(folder))] if store.exists(folder) else []


def _utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)
