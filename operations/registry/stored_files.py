"""Whether the files of a registered model are there, and are those that were registered."""

from __future__ import annotations

from pathlib import Path

from operations.registry import model_store
from operations.registry.registered_model import RegisteredModel
from recognition.errors import InputError
from recognition.training.model_file import file_digest

GONE = "its files are gone"


def check_stored(model: RegisteredModel) -> Path:
    """The Keras file of a registered model, on this machine.

    Args:
        model: From `find_model`.

    Raises:
        InputError: If its files are gone, or not what was registered.
    """
    path = _fetch(model)
    digest = file_digest(path) if path is not None else GONE
    if path is not None and digest == model.sha256:
        return path
    raise InputError(
        "the stored file of a model is not what was registered",
        received=f"{model.name} version {model.mlflow_version}: {digest if path is None else f'SHA-256 {digest}'}",
        expected=f"SHA-256 {model.sha256}" if model.sha256 else "a version that this program registered",
        remedy="restore the file, or use another version: python run_pipeline.py models list",
    )


def _fetch(model: RegisteredModel) -> Path | None:
    from mlflow.exceptions import MlflowException

    try:
        path = model_store.fetch(model.uri, model_store.KERAS_FILE)
    except OSError:
        return None
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    return path if path.is_file() else None
