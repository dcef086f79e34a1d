"""What takes space, what needs what, and why a thing stays: a graph that knows neither ZenML nor MLflow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What there is, in the order in which it is removed.

    A version goes before its files, so that nobody is given a name without a model. A run goes after all that only it
    tells of: a removal that is killed leaves nothing that the next one does not find.
    """

    VERSION = "model versions"
    ARTIFACT = "artifacts"
    LOG = "step logs"
    ARRAY = "arrays"
    MODEL = "stored models"
    REPORT = "reports"
    TRACKED = "MLflow runs"
    RUN = "runs"
    CHECKPOINT = "checkpoints"
    DOWNLOAD = "downloads"


@dataclass(frozen=True)
class Item:
    """Something that was stored.

    Attributes:
        kind: What it is.
        key: What it is called where it lies: an id, an address, a path.
        name: What people call it.
        size: Bytes that are free once it is gone; those of what it needs are not among them.
        changed: When it was last written, in UTC.
        needs: Kind and key of what it cannot do without.
        pinned: Why it stays whatever the policy says, "" if nothing does.
        group: The newest of a group stay; "" for what is in none.
        former: 1 for the champion before this one, 2 for the one before that; 0 for what a rollback does not go to.
    """

    kind: Kind
    key: str
    name: str
    size: int
    changed: datetime
    needs: frozenset[tuple[Kind, str]] = field(default_factory=frozenset)
    pinned: str = ""
    group: str = ""
    former: int = 0

    @property
    def id(self) -> tuple[Kind, str]:
        """What others know it by."""
        return self.kind, self.key


@dataclass(frozen=True)
class Policy:
    """What stays that nothing pins.

    Attributes:
        keep: How many of each group, and how many former champions.
        older_than: Nothing younger goes.
    """

    keep: int
    older_than: timedelta


def reasons(items: Sequence[Item], policy: Policy, now: datetime) -> dict[tuple[Kind, str], str]:
    """Why things stay, by kind and key; what is not in it may go.

    Args:
        items: All that there is.
        policy: What stays by itself.
        now: The time, in UTC.
    """
    known, newest = {item.id: item for item in items}, _newest(items, policy.keep)
    found = {item.id: why for item in items if (why := _by_itself(item, item.id in newest, policy, now))}
    pending = list(found)
    while pending:
        item = known[pending.pop()]
        for needed in item.needs & known.keys() - found.keys():
            found[needed] = f"{item.name} needs it"
            pending.append(needed)
    return found


def removable(items: Sequence[Item], staying: Mapping[tuple[Kind, str], str]) -> list[Item]:
    """What may go, in the order in which it is removed, the oldest first."""
    order = list(Kind)
    gone = [item for item in items if item.id not in staying]
    return sorted(gone, key=lambda item: (order.index(item.kind), item.changed, item.key))


def _by_itself(item: Item, newest: bool, policy: Policy, now: datetime) -> str:
    if item.pinned:
        return item.pinned
    if 1 <= item.former <= policy.keep:
        return f"former champion, {item.former} back"
    if newest:
        return f"among the newest {policy.keep}"
    return "young" if now - item.changed < policy.older_than else ""


def _newest(items: Iterable[Item], keep: int) -> set[tuple[Kind, str]]:
    groups: dict[tuple[Kind, str], list[Item]] = defaultdict(list)
    for item in items:
        if item.group:
            groups[item.kind, item.group].append(item)
    ordered = (sorted(group, key=lambda item: (item.changed, item.key)) for group in groups.values())
    return {item.id for group in ordered for item in group[-keep:]}
