"""The pictures that were drawn when an artifact was stored: to draw them again takes a second of every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zenml.io import fileio

PICTURES = {"evaluation": ("confusion.png", "reliability.png"), "history": ("curves.png",)}


def stored_pictures(inputs: Mapping[str, Sequence[Any]]) -> dict[str, bytes]:
    """PNG files of a step's inputs by file name, without those of artifacts that were stored without pictures.

    Args:
        inputs: ZenML's records of the step's input artifacts, by the step's own names of PICTURES.
    """
    paths = {name: f"{inputs[kind][0].uri}/{name}" for kind, names in PICTURES.items() for name in names}
    return {name: _read(path) for name, path in paths.items() if fileio.exists(path)}


def _read(path: str) -> bytes:
    with fileio.open(path, "rb") as file:
        return bytes(file.read())
