"""All registered versions, as a table; those of other tools too, of which less is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from operations.registry import registry
from operations.registry.model_store import DIGEST_TAG
from operations.registry.registry import ROLLED_BACK, WITHDRAWN_TAG
from operations.tracking import mlflow_runs

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

UNKNOWN = "-"
HEADS = ("model", "version", "registered", "test accuracy", "alias", "data", "run")
NUMBERS = ("version", "test accuracy")  # flush right
DATA_SHOWN = 12  # characters of a digest


class ListedVersion(BaseModel):
    """A version as a list shows it; None where it is not known.

    Attributes:
        model: Name of the registered model.
        version: MLflow's.
        zenml_version: ZenML's.
        registered: When, in UTC.
        test_accuracy: Between 0 and 1.
        aliases: Sorted.
        withdrawn: Why a person replaced it as champion.
        data: Name of the data set.
        data_digest: In hexadecimal.
        run: The pipeline run that trained it.
        sha256: Of the model's file; None for what this program did not register.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    version: str
    zenml_version: str | None
    registered: datetime
    test_accuracy: float | None
    aliases: tuple[str, ...]
    withdrawn: str | None
    data: str | None
    data_digest: str | None
    run: str | None
    sha256: str | None


def list_versions(client: MlflowClient) -> list[ListedVersion]:
    """All versions of all models, by name and newest first.

    Args:
        client: A client from `tracking.connect`.
    """
    listed = []
    for model in registry.registered_models(client):
        names: dict[str, list[str]] = {}
        for alias, number in sorted(model.aliases.items()):
            names.setdefault(str(number), []).append(alias)
        for version in reversed(registry.versions_of(client, model.name)):
            listed.append(listed_version(client, version, names.get(str(version.version), [])))
    return listed


def listed_version(client: MlflowClient, version: ModelVersion, aliases: Sequence[str]) -> ListedVersion:
    """One version, by its tags; what older versions lack there is taken from their run, if that still exists.

    Args:
        client: A client from `tracking.connect`.
        version: MLflow's record.
        aliases: Those that point to it.
    """
    tags = dict(version.tags)
    if DIGEST_TAG in tags and not set(registry.FACTS) <= tags.keys():
        tags = {**_of_run(mlflow_runs.find_run(client, version.run_id)), **tags}
    return ListedVersion(
        model=version.name,
        version=str(version.version),
        zenml_version=tags.get(registry.ZENML_TAG),
        registered=datetime.fromtimestamp(version.creation_timestamp // 1000, UTC),
        test_accuracy=_number(tags.get("test_accuracy")),
        aliases=tuple(aliases),
        withdrawn=tags.get(WITHDRAWN_TAG),
        data=tags.get("data"),
        data_digest=tags.get("data_digest"),
        run=tags.get("run"),
        sha256=tags.get(DIGEST_TAG),
    )


def render_table(versions: Sequence[ListedVersion]) -> str:
    """The table as a person reads it."""
    if not versions:
        return "no model is registered yet; train one: python run_pipeline.py --config train.yaml"
    rows = [HEADS, *map(_row, versions)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    aligned = [
        [cell.rjust(width) if head in NUMBERS else cell.ljust(width) for cell, head, width in zip(*parts, strict=True)]
        for parts in ((row, HEADS, widths) for row in rows)
    ]
    return "\n".join("  ".join(row).rstrip() for row in aligned)


def _row(version: ListedVersion) -> tuple[str, ...]:
    accuracy = UNKNOWN if version.test_accuracy is None else f"{version.test_accuracy:.2%}"
    data = " ".join(filter(None, [version.data, (version.data_digest or "")[:DATA_SHOWN]]))
    marks = [*version.aliases, *([ROLLED_BACK] if (version.withdrawn or "").startswith(ROLLED_BACK) else [])]
    return (
        version.model,
        version.version,
        f"{version.registered:%Y-%m-%d %H:%M}",
        accuracy,
        ", ".join(marks) or UNKNOWN,
        data or UNKNOWN,
        version.run or UNKNOWN,
    )


def _of_run(run: Run | None) -> dict[str, str]:
    if run is None:
        return {}
    found = {
        "run": run.data.tags.get(mlflow_runs.RUN_TAG),
        "data": run.data.params.get("data.source"),
        "test_accuracy": run.data.metrics.get("test_accuracy"),
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:  # an edit by hand
        return None
