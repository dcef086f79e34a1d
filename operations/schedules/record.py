"""What a schedule was applied from: kept with ZenML's row of it, compared when it is applied again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from recognition.configuration.resolved import flatten
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.schedule import ScheduleConfig

APART = ("schedule.",)  # keys that say when, and not what
MISSING = "none"


class ScheduleRecord(BaseModel):
    """What a schedule runs and when.

    Attributes:
        recipe: Name of the configuration file, without its suffix.
        model: Name of the registered model that it keeps up to date.
        settings: The configuration by dotted key, section `schedule` left out.
        code: Hash of all files behind the pipeline.
        image: What identifies the image that its pods run.
        commit: The code's commit, for people; a new one with the same files changes nothing.
        timing: Section `schedule`.
    """

    model_config = ConfigDict(frozen=True)

    recipe: str
    model: str
    settings: Mapping[str, Any]
    code: str
    image: str
    commit: str | None
    timing: ScheduleConfig

    @property
    def configuration(self) -> str:
        """What the schedule belongs to, for people."""
        return f"{self.recipe}.yaml for model {self.model}"


def record_of(
    config: RunConfig, schedule: ScheduleConfig, recipe: str, code: str, image: str, commit: str | None
) -> ScheduleRecord:
    """What a configuration asks for.

    Args:
        config: The configuration.
        schedule: Its section `schedule`.
        recipe: Name of its file, without its suffix.
        code: Hash of all files behind the pipeline.
        image: What identifies the image that its pods run.
        commit: The code's commit, where there is one.
    """
    settings = {key: value for key, value in flatten(config).items() if not key.startswith(APART)}
    return ScheduleRecord(
        recipe=recipe,
        model=config.model.name,
        settings=settings,
        code=code,
        image=image,
        commit=commit,
        timing=schedule,
    )


def timing_changes(before: ScheduleRecord, now: ScheduleRecord) -> list[str]:
    """What differs in when it runs, a line each; no new snapshot is needed for it."""
    return _changes(before.timing.model_dump(), now.timing.model_dump(), "schedule.")


def content_changes(before: ScheduleRecord, now: ScheduleRecord) -> list[str]:
    """What differs in what it runs, a line each; ZenML would replay the old snapshot for ever."""
    frozen = ("code", "image")
    return [
        *_changes(before.settings, now.settings),
        *_changes(before.model_dump(include={*frozen}), now.model_dump(include={*frozen})),
    ]


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    return [
        f"{prefix}{key}: {_told(before, key)} → {_told(now, key)}"
        for key in sorted(before.keys() | now.keys())
        if before.get(key, MISSING) != now.get(key, MISSING)
    ]


def _told(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key, MISSING)
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
