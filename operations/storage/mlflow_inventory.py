"""What our runs left in MLflow: model versions, the models behind them, runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from operations.registry import promotion_log, registry
from operations.registry.address import mentioned_versions
from operations.registry.model_store import DIGEST_TAG
from operations.storage.items import Item, Kind
from operations.tracking import mlflow_runs
from operations.tracking.paging import mlflow_pages

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import RegisteredModel as MlflowModel

TAIL = "train.tail.after"  # the parameter of a run that goes on from another


def mlflow_items(client: MlflowClient) -> list[Item]:
    """All of it, of the experiment of our runs; of other tools' models only that they are there.

    Args:
        client: A client from `tracking.connect`.
    """
    runs = list(_runs(client))
    names = {run.info.run_id: name for run in runs if (name := _name(run))}
    models = list(_models(client))
    behind = {model.model_id: names.get(model.source_run_id, "") for model in models}
    versions = [item for model in registry.registered_models(client) for item in _versions(client, model, names)]
    return [*versions, *_tracked(runs, behind), *(_model(model, names) for model in models)]


def _versions(client: MlflowClient, model: MlflowModel, names: Mapping[str, str]) -> Iterator[Item]:
    from operations.storage.zenml_inventory import linked_artifacts

    model = client.get_registered_model(model.name)
    former = promotion_log.former_champions(promotion_log.read_log(model.tags))[::-1]
    for version in registry.versions_of(client, model.name):
        number = str(version.version)
        aliases = sorted(alias for alias, target in model.aliases.items() if str(target) == number)
        ours = DIGEST_TAG in version.tags
        needs = {(Kind.MODEL, version.source.removeprefix("models:/"))}
        needs |= {(kind, names[version.run_id]) for kind in (Kind.RUN, Kind.TRACKED) if version.run_id in names}
        needs |= linked_artifacts(model.name, version.tags.get(registry.ZENML_TAG, "")) if ours else set()
        yield Item(
            Kind.VERSION,
            f"{model.name}/{number}",
            f"{model.name} version {number}",
            0,
            _time(version.last_updated_timestamp or version.creation_timestamp),
            frozenset(needs),
            ", ".join(aliases) if ours else "another tool's",
            model.name,
            former.index(number) + 1 if number in former else 0,
        )


def _tracked(runs: list[Run], behind: Mapping[str, str]) -> Iterator[Item]:
    """An item for each pipeline run: its MLflow run and those nested in it."""
    for name in sorted({_name(run) for run in runs} - {""}):
        own = [run for run in runs if _name(run) == name]
        parameters = {key: value for run in own for key, value in {**run.data.tags, **run.data.params}.items()}
        needs = {(Kind.MODEL, model) for model, maker in behind.items() if maker == name}
        needs |= {(Kind.VERSION, name) for text in parameters.values() for name in mentioned_versions(text)}
        needs |= {(Kind.RUN, parent) for key, parent in parameters.items() if key == TAIL}
        ended = all(run.info.status != "RUNNING" for run in own)
        yield Item(
            Kind.TRACKED,
            name,
            f"MLflow run {name}",
            sum(_size(run.info.artifact_uri) for run in own),
            _time(max(run.info.end_time or run.info.start_time for run in own)),
            frozenset(needs),
            "" if ended else "it has not ended",
        )


def _model(model: Any, names: Mapping[str, str]) -> Item:
    ours = model.source_run_id in names
    return Item(
        Kind.MODEL,
        model.model_id,
        f"model {model.model_id}",
        _size(model.artifact_location),
        _time(model.last_updated_timestamp or model.creation_timestamp),
        pinned="" if ours else "another tool's, or its run was deleted",
    )


def tracked_runs(client: MlflowClient, name: str) -> list[str]:
    """Ids of the MLflow runs of a pipeline run, the nested ones first."""
    return [*mlflow_runs.find_parts(client, name), *mlflow_runs.find_runs(client, name)]


def _name(run: Run) -> str:
    return str(run.data.tags.get(mlflow_runs.RUN_TAG) or run.data.tags.get(mlflow_runs.PART_TAG) or "")


def _runs(client: MlflowClient) -> Iterator[Run]:
    return mlflow_pages(client.search_runs, [mlflow_runs.experiment_id(client)])


def _models(client: MlflowClient) -> Iterator[Any]:
    return mlflow_pages(client.search_logged_models, [mlflow_runs.experiment_id(client)])


def _size(address: str) -> int:
    """Bytes of all files below an address."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    return _below(get_artifact_repository(address), None)


def _below(repository: Any, folder: str | None) -> int:
    found = repository.list_artifacts(folder)
    return sum(_below(repository, each.path) if each.is_dir else int(each.file_size or 0) for each in found)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
