"""What the champion was trained on: stored with its model, found again when new data come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from operations.registry import model_store, registry
from operations.tracking.model_files import read_file
from recognition.data.change import Baseline
from recognition.data.dataset import ImageDataset
from recognition.data.inspection import details_digest
from recognition.data.summary import DataSummary

if TYPE_CHECKING:
    from mlflow import MlflowClient

NO_CHAMPION = "there is no champion yet"
NOT_RECORDED = "the champion's data were not recorded"


def store_summary(client: MlflowClient, model_uri: str, summary: DataSummary) -> None:
    """Store a data set's numbers with the model that was trained on it; safe to repeat.

    Args:
        client: A client from `tracking.connect`.
        model_uri: The stored model, `models:/m-…`.
        summary: The numbers.
    """
    model_store.add_file(client, model_uri, model_store.DATA_FILE, summary.model_dump_json(indent=1).encode())


def find_baseline(client: MlflowClient, name: str, dataset: ImageDataset) -> Baseline:
    """What a data set is compared with; a champion from before its data were recorded has none.

    Args:
        client: A client from `tracking.connect`.
        name: Name of the registered model.
        dataset: The data set.
    """
    champion, details = registry.champion(client, name), details_digest(dataset)
    if champion is None:
        return Baseline(why=NO_CHAMPION, details=details)
    content = read_file(champion.uri, model_store.DATA_FILE)
    try:
        summary = DataSummary.model_validate_json(content) if content else None
    except ValidationError:  # of a later or an earlier layout
        summary = None
    why = "" if summary else NOT_RECORDED
    return Baseline(summary=summary, version=champion.mlflow_version, why=why, details=details)
