"""Who was champion when, why, and by whose word: a list that only grows, in tags of MLflow's registered model.

There it is seen by everyone who uses the registry, and outlives the versions that it names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from operations.platform.identity import identity

if TYPE_CHECKING:
    from mlflow import MlflowClient

TAG = "promotion."
KEY = re.compile(r"promotion\.(\d{6,})")
KEPT = 500  # entries; the oldest go
LONGEST = 500  # characters of a reason
By = Literal["gate", "person", "rollback", "found"]


class Promotion(BaseModel):
    """A change of the champion.

    Attributes:
        number: Counts from 1.
        time: When, in UTC.
        before: MLflow's version that was champion, None for none.
        after: The one that is champion from then on.
        by: The gate, a person, a person's rollback; "found" where another tool, or a command that was killed before it
            could write its own entry, moved the alias.
        who: User and machine.
        reason: Why.
        run: The pipeline run, empty where there was none.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    time: datetime
    before: str | None
    after: str | None
    by: By
    who: str
    reason: str
    run: str = ""


def read_log(tags: Mapping[str, str]) -> list[Promotion]:
    """The entries, oldest first; what is none, as after an edit by hand, is passed over.

    Args:
        tags: Of the registered model.
    """
    entries = []
    for key in sorted(filter(KEY.fullmatch, tags), key=_number):
        try:
            entries.append(Promotion.model_validate_json(tags[key]))
        except ValidationError:
            continue
    return entries


def append(
    client: MlflowClient, name: str, before: str | None, after: str | None, by: By, reason: str, run: str = ""
) -> None:
    """Write an entry; the registry's lock must be held.

    Args:
        client: A client from `tracking.connect`.
        name: Name of the registered model.
        before: As of `Promotion`, and so are the others.
        after: The new champion.
        by: Who decided.
        reason: Cut to LONGEST characters.
        run: The pipeline run.
    """
    numbers = sorted(map(_number, filter(KEY.fullmatch, client.get_registered_model(name).tags)))
    number = numbers[-1] + 1 if numbers else 1
    entry = Promotion(
        number=number,
        time=datetime.now(UTC).replace(microsecond=0),
        before=before,
        after=after,
        by=by,
        who=identity(),
        reason=shorten(reason),
        run=run,
    )
    client.set_registered_model_tag(name, _key(number), entry.model_dump_json())
    for old in numbers[: -(KEPT - 1)]:
        client.delete_registered_model_tag(name, _key(old))


def shorten(text: str) -> str:
    """A text that databases take, cut to LONGEST characters."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def former_champions(log: Sequence[Promotion]) -> list[str]:
    """The versions that a rollback can go back to, the latest last; the champion itself is not among them.

    A promotion puts a version on a pile, and going back takes off what was above: going back twice goes two back.

    Args:
        log: The entries, oldest first.
    """
    pile: list[str] = []
    for entry in log:
        if entry.after is None:
            continue
        if entry.by in ("rollback", "found") and entry.after in pile:
            while pile[-1] != entry.after:
                pile.pop()
        else:
            pile.append(entry.after)
    return pile[:-1] if log and log[-1].after is not None else pile


def _key(number: int) -> str:
    return f"{TAG}{number:06}"


def _number(key: str) -> int:
    return int(key.removeprefix(TAG))
