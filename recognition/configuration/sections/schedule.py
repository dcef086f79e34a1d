"""Section `schedule`: when a scheduler repeats a run; `run_pipeline.py schedule apply` reads it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from recognition.configuration.section import Section
from recognition.configuration.values import shortened
from recognition.scheduling import cron, zones

# A CronJob's name has 52 characters at most, and ZenML makes it of this name, eight digits and the pipeline's:
# "nightly-0123abcd-recognition".
LONGEST_NAME = 52 - len("-0123abcd-recognition")
NAME_WORDS = f"up to {LONGEST_NAME} lower-case letters, digits and hyphens, a letter first and no hyphen last"


def _name(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", value) and "--" not in value:
        if len(value) <= LONGEST_NAME:
            return value
        raise ValueError(f"received {len(value)} characters, {shortened(value)}; expected {NAME_WORDS}")
    raise ValueError(f"received {shortened(value)}; expected {NAME_WORDS}")


def _cron(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"received {shortened(value)}; expected {cron.WORDS}")
    try:
        return cron.parse_cron(value).text
    except ValueError as error:
        raise ValueError(f"received {shortened(value)}: {error}; expected {cron.WORDS}") from None


def _zone(value: Any) -> str:
    if isinstance(value, str) and value in zones.zone_names():
        return value
    near = zones.nearest_zone(value) if isinstance(value, str) else None
    hint = f"; did you mean {near}?" if near else ""
    raise ValueError(f"received {shortened(value)}; expected {zones.WORDS}{hint}")


ScheduleName = Annotated[str, PlainValidator(_name), WithJsonSchema({"type": "string", "words": NAME_WORDS})]
CronText = Annotated[str, PlainValidator(_cron), WithJsonSchema({"type": "string", "words": cron.WORDS})]
Zone = Annotated[str, PlainValidator(_zone), WithJsonSchema({"type": "string", "words": zones.WORDS})]


class ScheduleConfig(Section):
    """When a scheduler repeats the run; only `run_pipeline.py schedule` reads it."""

    name: ScheduleName = Field(description="what the other verbs of schedule call it")
    cron: CronText = Field(description="when it fires; `*`, lists, ranges and steps, names of months and weekdays")
    time_zone: Zone = Field("UTC", description="whose clock that is")
    overlap: Literal["forbid", "replace", "allow"] = Field(
        "forbid", description="while the last run goes on: skip this one, stop that one, or let both run"
    )
    suspend: bool = Field(False, description="keep the schedule, fire no run")
    starting_deadline: int | None = Field(
        3600,
        ge=10,
        le=604_800,
        description="seconds that a run may begin late; null: any, as long as less than 100 are late",
    )
