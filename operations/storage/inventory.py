"""Everything there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.storage.items import Item
from operations.storage.local_inventory import local_items
from operations.storage.mlflow_inventory import mlflow_items
from operations.storage.zenml_inventory import zenml_items

if TYPE_CHECKING:
    from mlflow import MlflowClient


def take_inventory(client: MlflowClient) -> list[Item]:
    """Everything that our runs left: in ZenML, in MLflow, in the artifact store, in the state folder.

    Args:
        client: A client from `tracking.connect`.
    """
    return [*mlflow_items(client), *zenml_items(), *local_items()]
