"""The schedules that there are: ZenML's rows, read as what they were applied from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from operations.schedules.record import ScheduleRecord
from recognition.configuration.nearest import nearest
from recognition.errors import InputError
from recognition.scheduling.cron import firing_times, parse_cron

RECORD, PAUSED = "recognition_schedule", "recognition_paused"  # keys of a row's metadata
NEXT = ".next"  # ends the name of a replacement until it takes its predecessor's place
SHOWN = 3  # firing times
HOW_TO_APPLY = "run_pipeline.py schedule apply --config FILE makes one, or tells what does where the stack cannot"


@dataclass(frozen=True)
class KnownSchedule:
    """A schedule of ours.

    Attributes:
        row: ZenML's record of it, hydrated.
        record: What it was applied from.
        paused: Whether a person paused it, whatever its file says.
    """

    row: Any
    record: ScheduleRecord
    paused: bool

    @property
    def suspended(self) -> bool:
        """Whether it fires no run."""
        return self.paused or self.record.timing.suspend

    @property
    def state(self) -> str:
        """Why it fires or does not, in a few words."""
        if self.row.name.endswith(NEXT):
            return "half replaced: apply it again"
        return "paused" if self.paused else "suspended" if self.record.timing.suspend else "active"


def find_schedule(name: str) -> KnownSchedule:
    """A schedule of ours by its name.

    Args:
        name: As section `schedule` has it.

    Raises:
        InputError: If there is none; it tells the nearest.
    """
    found = find(name)
    if found is not None:
        return found
    names = [schedule.record.timing.name for schedule in list_schedules()]
    near = nearest(name, names)
    raise InputError(
        "there is no schedule of this name",
        received=name,
        expected=f"one of {', '.join(names)}" if names else "none is applied yet",
        remedy=f"did you mean {near}?" if near else HOW_TO_APPLY,
    )


def find(name: str) -> KnownSchedule | None:
    """A schedule of ours by its name, or None.

    Args:
        name: As section `schedule` has it.
    """
    for row in rows(name=f"equals:{name}"):
        return _read(row)
    return None


def list_schedules() -> list[KnownSchedule]:
    """Every schedule of ours, by name."""
    return sorted(filter(None, map(_read, rows())), key=lambda schedule: schedule.record.timing.name)


def next_times(schedule: KnownSchedule, after: datetime, number: int = SHOWN) -> list[datetime]:
    """When a schedule fires next, in its zone; never while it is suspended.

    Args:
        schedule: The schedule.
        after: Aware.
        number: How many times.
    """
    if schedule.suspended:
        return []
    timing = schedule.record.timing
    return firing_times(parse_cron(timing.cron), ZoneInfo(timing.time_zone), after, number)


def _read(row: Any) -> KnownSchedule | None:
    """A row of ZenML's, None where it is not ours."""
    try:
        record = ScheduleRecord.model_validate_json(str(row.run_metadata.get(RECORD, "")))
    except ValidationError:
        return None
    return KnownSchedule(row, record, row.run_metadata.get(PAUSED) == "true")


def rows(**filters: Any) -> list[Any]:
    """ZenML's records of schedules, ours or not, hydrated.

    Args:
        filters: As of ZenML's `Client.list_schedules`.
    """
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    return depaginate(Client().list_schedules, hydrate=True, **filters)


def snapshots_of(row: Any) -> list[str]:
    """Ids of what ZenML froze for a schedule.

    Args:
        row: ZenML's record of it.
    """
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    found = depaginate(Client().list_snapshots, schedule_id=row.id, named_only=False)
    return [str(snapshot.id) for snapshot in found]
