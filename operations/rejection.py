"""The threshold below which a model does not answer, stored with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations import model_store
from recognition.prediction.rejection import RejectionChoice

if TYPE_CHECKING:
    from mlflow import MlflowClient


def store_rejection(client: MlflowClient, model_uri: str, choice: RejectionChoice) -> None:
    """Store a threshold with its model, in place of an earlier one; safe to repeat.

    Args:
        client: A client from `tracking.connect`.
        model_uri: The stored model, `models:/m-…`.
        choice: Without a threshold, an earlier one is emptied, as MLflow removes no file of a model.
    """
    content = choice.rejection.model_dump_json(indent=1).encode() if choice.rejection else b""
    if content != (model_store.read_file(model_uri, model_store.REJECTION_FILE) or b""):
        model_store.add_file(client, model_uri, model_store.REJECTION_FILE, content)
