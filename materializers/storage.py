"""Files in an artifact store: whole folders, and arrays stored once for each content."""

from __future__ import annotations

import atexit
import csv
import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from zenml.artifact_stores import BaseArtifactStore
from zenml.materializers.base_materializer import BaseMaterializer

from recognition.data.encoded_images import release_pages


def upload(store: BaseArtifactStore, folder: Path, uri: str) -> None:
    """Copy the files of a local folder into an artifact's folder."""
    for path in sorted(folder.iterdir()):
        with path.open("rb") as source, store.open(f"{uri}/{path.name}", "wb") as target:
            shutil.copyfileobj(source, target)


def download(store: BaseArtifactStore, uri: str, folder: Path) -> None:
    """Copy the files of an artifact's folder into a local one."""
    for name in map(str, store.listdir(uri)):
        if not store.isdir(f"{uri}/{name}"):
            with store.open(f"{uri}/{name}", "rb") as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target)


def lasting_folder(materializer: BaseMaterializer) -> Path:
    """An empty folder of this machine, which goes with the step; outside of steps, where ZenML leaves it, at exit.

    Args:
        materializer: Whose files it is for.
    """
    with materializer.get_temporary_directory(delete_at_exit=False) as folder:
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def write_json(store: BaseArtifactStore, path: str, document: object) -> None:
    """Write readable JSON."""
    with store.open(path, "w") as file:
        json.dump(document, file, indent=1, ensure_ascii=False)


def read_json(store: BaseArtifactStore, path: str) -> dict[str, object]:
    """Read a JSON object."""
    with store.open(path, "r") as file:
        return dict(json.load(file))


def write_table(store: BaseArtifactStore, path: str, rows: Iterable[Sequence[object]]) -> None:
    """Write a table as CSV, which ZenML's dashboard shows whole; of HTML it shows a few lines at a time."""
    with store.open(path, "w") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def store_array(store: BaseArtifactStore, array: NDArray[np.generic], digest: str) -> None:
    """Store an array once, however many artifacts hold it.

    Args:
        store: Where to.
        array: Any shape and dtype of numbers.
        digest: Its `array_digest`, by which `load_array` finds it.
    """
    path = array_path(store, digest)
    if not store.exists(path):
        store.makedirs(f"{store.path}/arrays")
        unfinished = f"{path}.unfinished-{uuid4().hex}"  # of its own: two may store the same array at once
        try:
            with store.open(unfinished, "wb") as file:
                np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)
            release_pages(array)
            store.rename(unfinished, path, overwrite=True)
        except BaseException:
            if store.exists(unfinished):
                store.remove(unfinished)
            raise


def load_array(store: BaseArtifactStore, digest: str, folder: Path) -> NDArray[np.generic]:
    """Map a stored array into memory, read-only; a remote one is first copied into `folder`."""
    path = Path(array_path(store, digest))
    if not path.is_file():
        path = folder / path.name
        with store.open(array_path(store, digest), "rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def array_path(store: BaseArtifactStore, digest: str) -> str:
    """Where an array of this digest is stored."""
    return f"{store.path}/arrays/{digest}.npy"
