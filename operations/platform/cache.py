"""Forget cached steps whose stored files are gone, so that they run again instead of failing later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any


def expire_lost_steps(names: Sequence[str]) -> list[str]:
    """Expire every cached step that has lost a stored file.

    Args:
        names: Names of the steps that are cached.

    Returns:
        Names of the steps that will run again.
    """
    from zenml.client import Client

    lost = [step for step in _cached_steps(names) if not all(map(is_there, _artifacts(step)))]
    for step in lost:
        Client().update_step_run(step.id, cache_expires_at=datetime.now(UTC).replace(tzinfo=None))
    return sorted({step.name for step in lost})


def is_there(artifact: Any) -> bool:
    """Whether an artifact's files are, and those that it refers to."""
    from zenml.io import fileio

    from operations.platform.references import references

    filled = fileio.exists(artifact.uri) and fileio.listdir(artifact.uri)
    return bool(filled) and all(fileio.exists(path) for path in references(artifact.uri))


def _cached_steps(names: Sequence[str]) -> Iterable[Any]:
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    for name in names:
        yield from depaginate(Client().list_run_steps, name=name, status="completed", cache_expired=False, hydrate=True)


def _artifacts(step: Any) -> Iterable[Any]:
    return [artifact for versions in step.outputs.values() for artifact in versions]
