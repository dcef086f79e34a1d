"""Schedules as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from operations.platform.console import render_lines
from operations.schedules.known_schedules import HOW_TO_APPLY, KnownSchedule, next_times
from operations.schedules.schedules import Applied

NONE_YET = f"no schedules: {HOW_TO_APPLY}"


def render_applied(applied: Applied, now: datetime) -> str:
    """What applying did, what differs, and when it fires next.

    Args:
        applied: What came of it.
        now: Aware.
    """
    name = applied.schedule.record.timing.name
    return "\n".join(
        [f"schedule {name}: {applied.action}", *map(_indented, applied.changes), *_next(applied.schedule, now)]
    )


def render_list(schedules: Sequence[KnownSchedule], now: datetime) -> str:
    """One line a schedule.

    Args:
        schedules: Ours.
        now: Aware.
    """
    rows = [_row(schedule, now) for schedule in schedules]
    if not rows:
        return NONE_YET
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def render_schedule(schedule: KnownSchedule, now: datetime) -> str:
    """Everything about one.

    Args:
        schedule: Ours.
        now: Aware.
    """
    record, timing = schedule.record, schedule.record.timing
    deadline = "any" if timing.starting_deadline is None else f"{timing.starting_deadline} s"
    lines = [
        ("state", schedule.state),
        ("cron", f"{timing.cron} in {timing.time_zone}"),
        ("overlap", f"{timing.overlap}; late by up to {deadline}"),
        ("runs", record.configuration),
        ("code", f"{record.code}, commit {record.commit or 'unknown'}"),
        ("image", record.image),
    ]
    settings = [f"{key}: {'null' if value is None else value}" for key, value in record.settings.items()]
    head = render_lines(f"schedule {timing.name}", lines)
    return "\n".join([head, *_next(schedule, now), "  settings", *map(_indented, settings)])


def _next(schedule: KnownSchedule, now: datetime) -> list[str]:
    times = next_times(schedule, now)
    if not times:
        way = "schedule resume ends that" if schedule.paused else "schedule.suspend says so"
        return [f"  it is {schedule.state} and fires no run; {way}"]
    return ["  next", *(f"    {time:%a %Y-%m-%d %H:%M %Z} (UTC{time.isoformat()[-6:]})" for time in times)]


def _row(schedule: KnownSchedule, now: datetime) -> tuple[str, ...]:
    timing = schedule.record.timing
    first = next_times(schedule, now, 1)
    fires = f"next {first[0]:%Y-%m-%d %H:%M %Z}" if first else "-"
    return timing.name, timing.cron, timing.time_zone, schedule.state, fires, schedule.record.configuration


def _indented(line: str) -> str:
    return f"    {line}"
