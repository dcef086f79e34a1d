"""Stored models: MLflow keeps each model's bytes once, with what a user of the model needs to know."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def fetch(model_uri: str, name: str) -> Path:
    """A file of a stored model, downloaded where it is not on this machine.

    Args:
        model_uri: Such as `models:/m-…` or `models:/NAME/VERSION`.
        name: Path inside the model's folder.
    """
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(model_uri)) / name


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


def read_file(model_uri: str, name: str) -> bytes | None:
    """A file of a stored model, None where it or the model's files are not there; only it is downloaded.

    Args:
        model_uri: `models:/m-…` or `models:/NAME/VERSION`.
        name: Path inside the model's folder.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        try:
            return Path(download_artifacts(f"{_folder(model_uri)}/{name}", dst_path=folder)).read_bytes()
        except (MlflowException, OSError):
            return None


def _folder(model_uri: str) -> str:
    """An address that a file's name may follow: MLflow takes `models:/m-…/NAME` for a version NAME."""
    from mlflow import MlflowClient

    identifier = model_uri.removeprefix("models:/")
    return model_uri if "/" in identifier else str(MlflowClient().get_logged_model(identifier).artifact_location)


def metadata_of(model_uri: str) -> dict[str, Any]:
    """The metadata that travels with a stored model: class names, input shape, data digest, configuration."""
    import yaml

    document = yaml.safe_load(fetch(model_uri, "MLmodel").read_text())
    return dict(json.loads(json.dumps(document.get("metadata") or {})))
