"""Files outside an artifact's folder that it cannot do without."""

from __future__ import annotations

import json
from collections.abc import Sequence

from zenml.artifact_stores import BaseArtifactStore
from zenml.io import fileio

REFERENCES = "references.json"


def write_references(store: BaseArtifactStore, uri: str, paths: Sequence[str]) -> None:
    """Note them in the artifact's folder.

    Args:
        store: The artifact store.
        uri: The artifact's folder.
        paths: Addresses of the files.
    """
    with store.open(f"{uri}/{REFERENCES}", "w") as file:
        json.dump(list(paths), file, indent=1)


def references(uri: str) -> list[str]:
    """What `write_references` noted, empty where it noted nothing."""
    path = f"{uri}/{REFERENCES}"
    if not fileio.exists(path):
        return []
    with fileio.open(path, "r") as file:
        return [str(item) for item in json.load(file)]
