"""Stored models: MLflow keeps each model's bytes once, with what a user of the model needs to know."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from operations.platform.termination import uninterrupted
from operations.tracking.logged_model import KERAS_FILE as KERAS_FILE  # who reads a stored model looks for it here
from operations.tracking.logged_model import SEEN_FILE as SEEN_FILE

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

DATA_FILE = "data_summary.json"
DIGEST_TAG = "sha256"  # of a model version: digest of its Keras file
NO_SUCH_VERSION = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # MLflow's: no such model, no such alias


def is_no_such_version(client: MlflowClient, name: str, error: MlflowException) -> bool:
    """Whether MLflow's answer means that there is no such model, version or alias.

    A server with passwords denies it to everybody but its administrator to read a version of a model that does not
    exist, while it says of the model itself that it does not.

    Args:
        client: A client from `tracking.connect`.
        name: Of the model.
        error: The answer to a question about a version.
    """
    from mlflow.exceptions import MlflowException

    if error.error_code != "PERMISSION_DENIED":
        return error.error_code in NO_SUCH_VERSION
    try:
        client.get_registered_model(name)
    except MlflowException as other:
        return other.error_code in NO_SUCH_VERSION
    return False


def add_file(client: MlflowClient, model_uri: str, name: str, content: bytes) -> None:
    """Add a file to a stored model, or write it anew.

    Args:
        client: A client from `tracking.connect`.
        model_uri: `models:/m-…`.
        name: What the file is called.
        content: Its bytes.
    """
    with tempfile.TemporaryDirectory() as folder, uninterrupted():
        (Path(folder) / name).write_bytes(content)
        client.log_model_artifacts(model_uri.removeprefix("models:/"), folder)
