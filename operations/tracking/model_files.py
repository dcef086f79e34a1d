"""The files of a stored model on this machine: downloaded once for each use, into a folder that ends with it.

Files that MLflow keeps on this machine are used where they are. Nothing else in the product asks MLflow for a model's
files, so that none is left in the folder of temporary files, which of a server that follows a champion is soon full.
"""

from __future__ import annotations

import atexit
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from recognition.training.model_file import file_digest

DESCRIPTION = "MLmodel"
MANIFEST_TAG = "manifest"  # of a LoggedModel and of its versions: digests of its files
WHO_ASKED = "registered_model_meta"  # which MLflow writes into a model's folder, anew whenever a version is loaded
_process = ExitStack()
atexit.register(_process.close)


@contextmanager
def fetched(model_uri: str) -> Iterator[Path]:
    """The folder of a stored model, until the context ends.

    Args:
        model_uri: Such as `models:/m-…` or `models:/NAME/VERSION`.

    Raises:
        MlflowException: MLflow has no such model, or cannot be asked.
        OSError: Its files are gone.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.utils.file_utils import local_file_uri_to_path
    from mlflow.utils.uri import is_local_uri

    location = _location(model_uri)
    if is_local_uri(location):
        yield Path(local_file_uri_to_path(location))
        return
    with tempfile.TemporaryDirectory(prefix="model-") as folder:
        yield Path(download_artifacts(model_uri, dst_path=folder))


def place_of(model_uri: str, name: str) -> str:
    """Where a file of a stored model lies: a path on this machine, or an address.

    Args:
        model_uri: As of `fetched`.
        name: Path inside the model's folder.
    """
    from mlflow.utils.file_utils import local_file_uri_to_path
    from mlflow.utils.uri import is_local_uri

    location = _location(model_uri)
    return f"{local_file_uri_to_path(location) if is_local_uri(location) else location}/{name}"


def kept(model_uri: str) -> Path:
    """The folder of a stored model, until the process ends: for steps, whose process ends with them.

    Args:
        model_uri: As of `fetched`, whose errors it has.
    """
    return _kept(model_uri, _location(model_uri))


@cache
def _kept(model_uri: str, location: str) -> Path:
    """One for each place: two registries may have models of the same address."""
    return _process.enter_context(fetched(model_uri))


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
            return Path(download_artifacts(f"{_location(model_uri)}/{name}", dst_path=folder)).read_bytes()
        except (MlflowException, OSError):
            return None


def metadata_in(folder: Path) -> dict[str, Any]:
    """The metadata that travels with a stored model: class names, input shape, data digest, configuration.

    Args:
        folder: From `fetched`.
    """
    return _metadata((folder / DESCRIPTION).read_bytes())


def read_metadata(model_uri: str) -> dict[str, Any] | None:
    """The metadata of a model whose other files are not needed, and not checked; None where they are gone.

    Args:
        model_uri: As of `read_file`.
    """
    description = read_file(model_uri, DESCRIPTION)
    return None if description is None else _metadata(description)


def manifest_of(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a stored model that nobody changes, in hexadecimal, by its path in the folder.

    Args:
        folder: From `fetched`.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != WHO_ASKED)
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def record_manifest(client: Any, model_id: str, folder: Path) -> None:
    """Note what a model's files are, with the model; its versions take it over.

    Args:
        client: A client from `tracking.connect`.
        model_id: Of the LoggedModel.
        folder: Its files.
    """
    client.set_logged_model_tags(model_id, {MANIFEST_TAG: json.dumps(manifest_of(folder), separators=(",", ":"))})


def manifest_from(text: str) -> dict[str, str]:
    """What `record_manifest` noted, from a tag's text; empty for an empty one."""
    return {str(name): str(digest) for name, digest in json.loads(text or "{}").items()}


def differing(folder: Path, manifest: Mapping[str, str]) -> dict[str, str]:
    """What files of a stored model are instead of what they were: a digest, or "gone", by their paths.

    Files beside those of the manifest do no harm: nothing reads them.

    Args:
        folder: From `fetched`.
        manifest: What `manifest_of` found when the model was stored.
    """
    found = {name: file_digest(folder / name) if (folder / name).is_file() else "gone" for name in manifest}
    return {name: digest for name, digest in found.items() if digest != manifest[name]}


def _location(model_uri: str) -> str:
    """Where MLflow keeps a model's files."""
    from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository

    return str(ModelsArtifactRepository.get_underlying_uri(model_uri))


def _metadata(description: bytes) -> dict[str, Any]:
    import yaml

    document = yaml.safe_load(description) or {}
    return dict(json.loads(json.dumps(document.get("metadata") or {})))
