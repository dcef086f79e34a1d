"""What may go by a policy, and removing it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from filelock import Timeout

from operations.platform.locks import state_lock
from operations.storage.inventory import take_inventory
from operations.storage.items import Item, Kind, Policy, reasons, removable
from operations.storage.removal import remove
from operations.tracking.runs import STORAGE, living_runs
from recognition.errors import InputError

if TYPE_CHECKING:
    from mlflow import MlflowClient

AGE = re.compile(r"(\d{1,5})\s*([hdw]?)")
HOURS = {"h": 1, "d": 24, "": 24, "w": 168}


@dataclass(frozen=True)
class Plan:
    """What there is, and what becomes of it.

    Attributes:
        items: All.
        staying: Why a thing stays, by its id.
        going: The rest, in the order in which it is removed.
    """

    items: Sequence[Item]
    staying: Mapping[tuple[Kind, str], str]
    going: Sequence[Item]


def parse_policy(keep: int, older_than: str) -> Policy:
    """A policy from a command's words.

    Args:
        keep: How many of each.
        older_than: Hours, days or weeks: `12h`, `30d`, `2w`; a bare number is days.

    Raises:
        InputError: If either makes no sense.
    """
    if keep < 1:
        raise InputError(
            "--keep is out of range", received=str(keep), expected="1 or more: a model's newest version stays"
        )
    match = AGE.fullmatch(older_than.strip().lower())
    if match is None:
        raise InputError("--older-than is no age", received=older_than, expected="hours, days or weeks: 12h, 30d, 2w")
    return Policy(keep, timedelta(hours=int(match[1]) * HOURS[match[2]]))


def make_plan(client: MlflowClient, policy: Policy) -> Plan:
    """What may go by a policy.

    Args:
        client: A client from `tracking.connect`.
        policy: What stays that nothing pins.
    """
    items = take_inventory(client)
    staying = reasons(items, policy, datetime.now(UTC))
    return Plan(items, staying, removable(items, staying))


def carry_out(
    client: MlflowClient, policy: Policy, agreed: Sequence[Item]
) -> tuple[list[Item], list[tuple[Item, str]]]:
    """Remove what was agreed on, as far as it may still go.

    Args:
        client: A client from `tracking.connect`.
        policy: As of the plan.
        agreed: What somebody said yes to.

    Returns:
        What is gone, and what stayed, with the reason.

    Raises:
        InputError: If a run is going on on this machine: it may be storing what looks like nobody's. None begins
            before this has ended.
    """
    with _alone():
        plan, names = make_plan(client, policy), {item.id for item in agreed}
        still = [item for item in plan.going if item.id in names]
        changed = [(item, plan.staying.get(item.id, "it has changed")) for item in agreed if item.id in plan.staying]
        stayed = [*changed, *remove(client, still)]
    kept = {item.id for item, _ in stayed}
    return [item for item in still if item.id not in kept], stayed


@contextmanager
def _alone() -> Iterator[None]:
    lock = state_lock(STORAGE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if living := living_runs():
            raise InputError(
                "a run is going on, which may need what looks like nobody's",
                received=", ".join(living),
                remedy="prune when it has ended",
            ) from None
        lock.acquire()  # another prune
    try:
        yield
    finally:
        lock.release()
