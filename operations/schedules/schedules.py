"""Schedules as code: the same file twice changes nothing, a changed one replaces what ZenML would replay for ever."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from operations.platform.console import echo
from operations.platform.locks import state_lock
from operations.schedules.known_schedules import NEXT, PAUSED, RECORD, KnownSchedule, find, find_schedule, rows
from operations.schedules.record import ScheduleRecord, content_changes, timing_changes
from operations.schedules.snapshot import Snapshot
from recognition.errors import InputError

if TYPE_CHECKING:
    from operations.schedules.scheduler import KubernetesScheduler


@dataclass(frozen=True)
class Applied:
    """What came of applying a configuration.

    Attributes:
        action: "patched" is new timing for the same snapshot, "replaced" a new snapshot.
        changes: What differs, a line each.
        schedule: As it is now.
    """

    action: Literal["created", "unchanged", "patched", "replaced"]
    changes: Sequence[str]
    schedule: KnownSchedule


def apply(wanted: ScheduleRecord, snapshot: Snapshot, scheduler: KubernetesScheduler) -> Applied:
    """Let a schedule be what a configuration asks for; safe to repeat, also after a crash half-way.

    A pause stays: only `resume` ends it.

    Args:
        wanted: What the configuration asks for.
        snapshot: The same as ZenML freezes it.
        scheduler: The stack's.

    Raises:
        InputError: If the name belongs to another configuration, or to a schedule that is not ours.
    """
    name = wanted.timing.name
    with state_lock("schedules"):
        _finish_replacement(name, scheduler)
        known = find(name)
        if known is None:
            _check_free(name)
            _drop_unfinished(name, scheduler)
            return Applied("created", [], _create(wanted, snapshot, scheduler))
        _check_owner(known, wanted)
        _check_stack(known, scheduler)
        if _drop_unfinished(name, scheduler):  # a killed command may have suspended this one already
            scheduler.patch(known.row, known.record.timing, known.suspended)
        timing, content = timing_changes(known.record, wanted), content_changes(known.record, wanted)
        if content:
            return Applied("replaced", [*content, *timing], _replace(known, wanted, snapshot, scheduler))
        if timing:
            _patch(known.row, wanted, known.paused, scheduler)
        return Applied("patched" if timing else "unchanged", timing, find_schedule(name))


def pause(name: str, scheduler: KubernetesScheduler) -> bool:
    """Fire no run until it is resumed; a run that goes on is not stopped. Whether that is news."""
    return _set_pause(name, True, scheduler)


def resume(name: str, scheduler: KubernetesScheduler) -> bool:
    """End a pause. Whether that is news."""
    return _set_pause(name, False, scheduler)


def remove(name: str, scheduler: KubernetesScheduler) -> None:
    """Remove a schedule; its runs and models stay."""
    with state_lock("schedules"):
        _finish_replacement(name, scheduler)
        _remove(_own(name, scheduler).row, scheduler)


def run_now(name: str, scheduler: KubernetesScheduler) -> str:
    """Start one run of a schedule, paused or not; a name to look for it by."""
    return scheduler.start(_own(name, scheduler).row)


def _create(wanted: ScheduleRecord, snapshot: Snapshot, scheduler: KubernetesScheduler) -> KnownSchedule:
    """Register what never fires, and let it fire once it is known what it is."""
    row = _register(wanted.timing.name, snapshot, scheduler)
    _patch(row, wanted, False, scheduler)
    _rename(row, wanted.timing.name)
    return find_schedule(wanted.timing.name)


def _replace(
    known: KnownSchedule, wanted: ScheduleRecord, snapshot: Snapshot, scheduler: KubernetesScheduler
) -> KnownSchedule:
    """Put a new one in the place of another; for a moment none fires, which is better than both."""
    row = _register(wanted.timing.name, snapshot, scheduler)
    if known.paused:
        _note(row, PAUSED, "true")
    scheduler.patch(known.row, known.record.timing, suspended=True)
    _patch(row, wanted, known.paused, scheduler)
    _remove(known.row, scheduler)
    _rename(row, wanted.timing.name)
    return find_schedule(wanted.timing.name)


def _register(name: str, snapshot: Snapshot, scheduler: KubernetesScheduler) -> Any:
    return _row(scheduler.create(f"{name}{NEXT}", snapshot))


def _finish_replacement(name: str, scheduler: KubernetesScheduler) -> None:
    """Let a schedule take the place of one that was gone already when the command was killed that replaced it."""
    former = find(name)
    for row in rows(name=f"equals:{name}{NEXT}"):
        ours = row.orchestrator_id == scheduler.orchestrator and RECORD in row.run_metadata
        if ours and (former is None or scheduler.is_gone(former.row)):
            if former is not None:
                _remove(former.row, scheduler)
            _rename(row, name)
            echo(f"schedule {name}: what a killed command had begun is finished")
            return


def _drop_unfinished(name: str, scheduler: KubernetesScheduler) -> bool:
    """Remove what a command left that was killed while it made or replaced a schedule; whether there was any."""
    unfinished = rows(name=f"equals:{name}{NEXT}")
    for row in unfinished:
        _remove(row, scheduler)
    return bool(unfinished)


def _patch(row: Any, wanted: ScheduleRecord, paused: bool, scheduler: KubernetesScheduler) -> None:
    """The record comes last: what crashed before is patched again."""
    from zenml.client import Client
    from zenml.models import ScheduleUpdate

    scheduler.patch(row, wanted.timing, suspended=paused or wanted.timing.suspend)
    Client().zen_store.update_schedule(row.id, ScheduleUpdate(cron_expression=wanted.timing.cron))
    _note(row, RECORD, wanted.model_dump_json())


def _set_pause(name: str, paused: bool, scheduler: KubernetesScheduler) -> bool:
    with state_lock("schedules"):
        _finish_replacement(name, scheduler)
        known = _own(name, scheduler)
        scheduler.patch(known.row, known.record.timing, suspended=paused or known.record.timing.suspend)
        _note(known.row, PAUSED, json.dumps(paused))
        return known.paused != paused


def _remove(row: Any, scheduler: KubernetesScheduler) -> None:
    from zenml.client import Client

    scheduler.remove(row)
    Client().zen_store.delete_schedule(row.id, soft=True)


def _rename(row: Any, name: str) -> None:
    from zenml.client import Client
    from zenml.models import ScheduleUpdate

    Client().zen_store.update_schedule(row.id, ScheduleUpdate(name=name))


def _note(row: Any, key: str, value: str) -> None:
    from zenml.client import Client
    from zenml.enums import MetadataResourceTypes
    from zenml.models import RunMetadataResource

    resource = RunMetadataResource(id=row.id, type=MetadataResourceTypes.SCHEDULE)
    Client().create_run_metadata(metadata={key: value}, resources=[resource])


def _own(name: str, scheduler: KubernetesScheduler) -> KnownSchedule:
    """A schedule that this scheduler may touch."""
    known = find_schedule(name)
    _check_stack(known, scheduler)
    return known


def _row(identifier: Any) -> Any:
    from zenml.client import Client

    return Client().zen_store.get_schedule(identifier)


def _check_free(name: str) -> None:
    if rows(name=f"equals:{name}"):
        raise InputError(
            "the schedule's name is taken by one that this project did not make",
            received=f"schedule.name: {name}",
            remedy=f"choose another name, or zenml pipeline schedule delete {name}",
        )


def _check_owner(known: KnownSchedule, wanted: ScheduleRecord) -> None:
    if known.record.configuration != wanted.configuration:
        raise InputError(
            "the schedule's name is taken by another configuration",
            received=f"schedule.name: {wanted.timing.name}, for {wanted.configuration}",
            expected=f"{known.record.configuration}, to which it belongs",
            remedy=f"choose another name, or first run_pipeline.py schedule remove {wanted.timing.name}",
        )


def _check_stack(known: KnownSchedule, scheduler: KubernetesScheduler) -> None:
    """ZenML would send the change to whatever cluster the active stack means."""
    if known.row.orchestrator_id != scheduler.orchestrator:
        raise InputError(
            "this schedule belongs to another stack's orchestrator",
            received=f"{known.record.timing.name}, and the active stack",
            expected=f"a stack with orchestrator {known.row.orchestrator_id}",
            remedy="zenml stack set NAME, and again",
        )
