"""Cron expressions that crontab and Kubernetes read in the same way, and when they fire in a time zone.

Kubernetes (robfig/cron) and Vixie's cron differ at the edges: whether Sunday may be 7, a range may wrap around, a step
may stand behind a single number, and what `*/2` in one of the two day fields means for the other. What they do not
agree on is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter  # type: ignore[import-untyped]

from recognition.configuration.nearest import nearest

WORDS = 'five fields of a cron expression in quotes, minute hour day month weekday, such as "0 3 * * *"'
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
REPEATED = timedelta(hours=3)  # no clock is turned back by more
ITEM = re.compile(r"(?:(?P<any>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")


@dataclass(frozen=True)
class _Field:
    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()


FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, MONTHS),
    _Field("weekday", 0, 6, WEEKDAYS),
)


@dataclass(frozen=True)
class Cron:
    """A cron expression.

    Attributes:
        text: Five fields, each after one space.
        values: The numbers that each field names, minute, hour, day, month, weekday from Sunday as 0; None for any.
    """

    text: str
    values: tuple[tuple[int, ...] | None, ...]


def parse_cron(text: str) -> Cron:
    """Read a cron expression.

    Args:
        text: Such as "0 3 * * mon-fri".

    Raises:
        ValueError: If it is none, if schedulers differ about it, or if it never fires; the message says why.
    """
    words = text.lower().split()
    if len(words) != len(FIELDS):
        raise ValueError(f"{len(words)} fields instead of five")
    cron = Cron(" ".join(words), tuple(map(_values, words, FIELDS)))
    _, _, day, _, weekday = words
    if "*" not in (day, weekday) and any(word.startswith("*") for word in (day, weekday)):
        raise ValueError(f"schedulers differ about day {day} with weekday {weekday}; make one of them *")
    try:
        croniter(cron.text, datetime(2000, 1, 1, tzinfo=UTC)).get_next(datetime)
    except CroniterBadDateError:
        raise ValueError("it never fires, as no month has that day") from None
    return cron


def firing_times(cron: Cron, zone: ZoneInfo, after: datetime, number: int) -> list[datetime]:
    """The next times at which an expression fires, in its zone.

    As Kubernetes does it: times that the clock skips in spring do not fire, those that it repeats in autumn fire twice.

    Args:
        cron: The expression.
        zone: Its time zone.
        after: Aware; an earlier time is left out.
        number: How many.
    """
    start = after.astimezone(zone).replace(tzinfo=None) - REPEATED
    found: list[datetime] = []
    for naive in croniter(cron.text, start).all_next(datetime):
        if len(found) >= number and naive > found[number - 1].replace(tzinfo=None) + REPEATED:
            break
        found += [moment for moment in _moments(naive, zone) if moment.astimezone(UTC) > after]
    return sorted(found, key=lambda moment: moment.astimezone(UTC))[:number]


def calendar_texts(cron: Cron, zone: str) -> list[str]:
    """The expression as systemd's OnCalendar takes it; two of them where cron fires on a day or a weekday.

    Args:
        cron: The expression.
        zone: Name of its time zone.
    """
    minutes, hours, days, months, weekdays = cron.values
    time = f"{_numbers(hours)}:{_numbers(minutes)}:00 {zone}"
    names = ",".join(WEEKDAYS[day].capitalize() for day in weekdays or ())
    any_day, that_day = (f"*-{_numbers(months)}-{_numbers(each)} {time}" for each in (None, days))
    if not weekdays:
        return [that_day]
    return [f"{names} {any_day}"] if days is None else [that_day, f"{names} {any_day}"]


def _moments(naive: datetime, zone: ZoneInfo) -> list[datetime]:
    """What a clock's time stands for: one moment, or none, or two."""
    folds = [naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    there = [moment for moment in folds if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == naive]
    return there if folds[0].utcoffset() != folds[1].utcoffset() else there[:1]


def _values(text: str, field: _Field) -> tuple[int, ...] | None:
    if text == "*":
        return None
    return tuple(sorted({number for item in text.split(",") for number in _range(item, field)}))


def _range(item: str, field: _Field) -> range:
    match = ITEM.fullmatch(item)
    if match is None or (match["step"] and match["first"] and not match["last"]):
        raise ValueError(f"{field.name} {item!r} is neither a number, nor a range, nor a step such as */15")
    step = int(match["step"] or 1)
    if not 1 <= step <= field.last:
        raise ValueError(f"{field.name} {item} has a step that is not from 1 to {field.last}")
    if match["any"]:
        return range(field.first, field.last + 1, step)
    first = _number(match["first"], field)
    last = _number(match["last"], field) if match["last"] else first
    if first > last:
        raise ValueError(f"{field.name} {item} ends before it begins; write two ranges")
    return range(first, last + 1, step)


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.first + field.names.index(text)
    if text.isascii() and text.isdecimal() and field.first <= int(text) <= field.last:
        return int(text)
    near = nearest(text, field.names)
    hint = f"; did you mean {near}?" if near else ""
    named = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
    raise ValueError(f"{field.name} {text} is not from {field.first} to {field.last}{named}{hint}")


def _numbers(values: Sequence[int] | None) -> str:
    return "*" if values is None else ",".join(f"{value:02}" for value in values)
