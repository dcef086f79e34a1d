"""What a person reads of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from operations.platform.console import count
from operations.storage.items import Item, Kind, Policy
from operations.storage.prune import Plan

HEADS = ("what", "number", "size", "may go", "of it")
UNIT = 1000.0


def render_report(plan: Plan, policy: Policy) -> str:
    """What there is by kind, and why versions stay."""
    rows = [HEADS, *(_row(kind, plan) for kind in Kind), _total(plan)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    table = [
        "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]
    versions = [item for item in plan.items if item.kind is Kind.VERSION]
    stay = [f"  {item.name}: {plan.staying.get(item.id, 'may go')}" for item in versions]
    return "\n".join([*table, "", f"by {in_words(policy)}", *(["", "model versions", *stay] if stay else [])])


def render_plan(plan: Plan) -> str:
    """What will be removed: each version and run, of the rest numbers."""
    if not plan.going:
        return "nothing may go"
    named = [item for item in plan.going if item.kind in (Kind.VERSION, Kind.RUN)]
    lines = [f"  {item.name}, of {item.changed:%Y-%m-%d}" for item in named]
    rest = [kind for kind in Kind if kind not in (Kind.VERSION, Kind.RUN)]
    sums = [_sum(kind, [item for item in plan.going if item.kind is kind]) for kind in rest]
    return "\n".join(["to be removed:", *lines, *filter(None, sums), f"in all {in_bytes(_size(plan.going))}"])


def render_outcome(gone: Sequence[Item], stayed: Sequence[tuple[Item, str]]) -> str:
    """What was removed, and what was not."""
    kept = [f"  {item.name} stayed: {why}" for item, why in stayed]
    return "\n".join([f"removed {count(len(gone), 'thing')}, {in_bytes(_size(gone))}", *kept])


def as_document(plan: Plan) -> list[dict[str, Any]]:
    """All items for programs."""
    return [
        {
            "kind": str(item.kind),
            "name": item.name,
            "key": item.key,
            "bytes": item.size,
            "changed": item.changed.isoformat(),
            "stays": plan.staying.get(item.id),
        }
        for item in plan.items
    ]


def in_words(policy: Policy) -> str:
    """A policy as the options that mean it."""
    hours = int(policy.older_than.total_seconds() // 3600)
    age = f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"
    return f"--keep {policy.keep} --older-than {age}"


def in_bytes(size: int) -> str:
    """A number of bytes for people."""
    amount, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while amount >= UNIT and len(units) > 1:
        amount, units = amount / UNIT, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def _row(kind: Kind, plan: Plan) -> tuple[str, ...]:
    own = [item for item in plan.items if item.kind is kind]
    going = [item for item in plan.going if item.kind is kind]
    return str(kind), str(len(own)), in_bytes(_size(own)), str(len(going)), in_bytes(_size(going))


def _total(plan: Plan) -> tuple[str, ...]:
    sizes = in_bytes(_size(plan.items)), in_bytes(_size(plan.going))
    return "in all", str(len(plan.items)), sizes[0], str(len(plan.going)), sizes[1]


def _sum(kind: Kind, items: Sequence[Item]) -> str:
    return f"  {len(items)} {kind}, {in_bytes(_size(items))}" if items else ""


def _size(items: Iterable[Item]) -> int:
    return sum(item.size for item in items)
