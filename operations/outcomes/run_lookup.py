"""Find finished trainings by what a person calls them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from operations.registry import registry
from operations.registry.address import parse_address
from operations.registry.registry import CHAMPION
from recognition.configuration.nearest import nearest
from recognition.errors import InputError

if TYPE_CHECKING:
    from mlflow import MlflowClient

LATEST = "latest"
WORDS = "a run's name or the last part of it, its id or the beginning of it, latest, champion, or MODEL@champion"
REGISTER = "register"  # the step that tells a training from a calibration and from a reproduction
IDENTIFIER = re.compile(r"[0-9a-f-]{4,36}", re.IGNORECASE)
NEWEST = 5  # named in messages
PAGE = 20


def find_trainings(words: Sequence[str]) -> list[Any]:
    """ZenML's records of finished trainings, hydrated, in the order asked for.

    Args:
        words: For each run its name or the last part of it, its id or a unique beginning of it, "latest" (the newest
            finished training), "champion" (the run that trained the champion), or MODEL@champion where several models
            have one.

    Raises:
        InputError: If a word names no run or several, two name the same, or a run did not finish or is no training.
    """
    found: dict[Any, str] = {}
    runs = []
    for word in words:
        run = _find(word)
        _check(run, word)
        if run.id in found:
            raise InputError(
                "a run is compared with itself",
                received=f"{found[run.id]} and {word}, which are both {run.name}",
                expected="different runs",
            )
        found[run.id] = word
        runs.append(run)
    return runs


def _find(word: str) -> Any:
    if word == LATEST:
        return _latest()
    address = parse_address(word)
    if word == CHAMPION or (address and address.alias == CHAMPION):
        return _champion(address.name if address else "")
    named = _list(name=f"equals:{word}")
    if named:
        return named[0]
    if not IDENTIFIER.fullmatch(word):
        raise _unknown(word)
    filters = ({"id": f"startswith:{word.lower()}"}, {"name": f"endswith:-{word}"})
    meant = {run.id: run for each in filters for run in _list(size=NEWEST, **each)}
    if len(meant) > 1:
        raise InputError(
            "several runs are called so",
            received=word,
            expected=" or ".join(f"{run.name} (id {run.id})" for run in meant.values()),
            remedy="write the whole name, or more of the id",
        )
    if not meant:
        raise _unknown(word)
    return next(iter(meant.values()))


def _check(run: Any, word: str) -> None:
    asked = run.name if word == run.name else f"{word}, which is {run.name}"
    status = run.status.value
    if status != "completed":
        raise InputError(
            "this run did not finish",
            received=f"{asked}: {status}",
            expected="a completed run",
            remedy="the command that started it goes on from its last checkpoint",
        )
    if REGISTER not in run.steps:
        raise InputError(
            "this run trained no model",
            received=f"{asked}, of pipeline {run.pipeline.name if run.pipeline else 'unknown'}",
            expected="a run that trained and evaluated a model",
            remedy="train with the configuration that the calibration wrote",
        )


def _latest() -> Any:
    for run in _newest():
        if run.status.value == "completed" and REGISTER in run.steps:
            return run
    raise _none_finished()


def _champion(model: str) -> Any:
    from operations.tracking import connection

    client = connection.connect()
    names = [each.name for each in registry.registered_models(client)]
    champions = {name: found for name in names if (found := registry.champion(client, name)) is not None}
    chosen = model or (next(iter(champions)) if len(champions) == 1 else "")
    if chosen not in champions:
        raise _no_champion(model, names, sorted(champions))
    version = client.get_model_version(chosen, champions[chosen].mlflow_version)
    return _run_behind(client, f"{chosen}@{CHAMPION}", version.run_id)


def _run_behind(client: MlflowClient, word: str, mlflow_run: str) -> Any:
    """The pipeline run that trained a model."""
    from operations.tracking import mlflow_runs

    name = client.get_run(mlflow_run).data.tags.get(mlflow_runs.RUN_TAG, "")
    named = _list(name=f"equals:{name}")
    if not named:
        raise InputError(
            "the run that trained the champion is no longer recorded",
            received=f"{word}, trained by {name or mlflow_run}",
            remedy="name a run that took that training from the cache, if there is one",
        )
    return named[0]


def _list(**filters: Any) -> list[Any]:
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    return depaginate(Client().list_pipeline_runs, hydrate=True, **filters)


def _newest() -> Iterator[Any]:
    """All runs, newest first; read page by page, as the first is usually enough."""
    from zenml.client import Client

    number, pages = 1, 1
    while number <= pages:
        page = Client().list_pipeline_runs(sort_by="desc:created", size=PAGE, page=number, hydrate=True)
        yield from page.items
        number, pages = number + 1, page.total_pages


def _unknown(word: str) -> InputError:
    names = [run.name for run in _newest()]
    if not names:
        return _none_finished()
    near = nearest(word, [*names, LATEST, CHAMPION])
    return InputError(
        "there is no run of this name or id",
        received=word,
        expected=f"{WORDS}; the newest runs are {', '.join(names[:NEWEST])}",
        remedy=f"did you mean {near}?" if near else "",
    )


def _none_finished() -> InputError:
    return InputError(
        "there is no finished training yet", remedy="train one: python run_pipeline.py --config train.yaml"
    )


def _no_champion(model: str, names: Sequence[str], champions: Sequence[str]) -> InputError:
    asked = f"{model}@{CHAMPION}" if model else CHAMPION
    there = ", ".join(f"{name}@{CHAMPION}" for name in champions)
    if not champions:
        return InputError("no model has a champion yet", received=asked, remedy="name a run, or latest")
    if not model:
        return InputError("several models have a champion", received=asked, expected=f"one of {there}")
    near = nearest(model, champions)
    problem = "this model has no champion" if model in names else "there is no model of this name"
    remedy = f"did you mean {near}@{CHAMPION}?" if near else ""
    return InputError(problem, received=asked, expected=there, remedy=remedy)
