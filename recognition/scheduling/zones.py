"""IANA's names of time zones."""

from __future__ import annotations

import functools
from zoneinfo import available_timezones

from recognition.configuration.nearest import nearest

WORDS = "a time zone of IANA's, such as Europe/Berlin or UTC"
OF_THE_MACHINE = {"localtime", "Factory"}  # mean another zone on each machine, or none


@functools.cache
def zone_names() -> frozenset[str]:
    """Every zone's name; the database is the system's, else the package tzdata's."""
    return frozenset(available_timezones() - OF_THE_MACHINE)


def nearest_zone(name: str) -> str | None:
    """The zone that a mistyped name, or a city's alone, may have meant.

    Args:
        name: What was written.
    """
    cities = {zone.rpartition("/")[2]: zone for zone in sorted(zone_names()) if "/" in zone}
    city = nearest(name.rpartition("/")[2], cities)
    return nearest(name, zone_names(), 0.8) or (cities[city] if city else None)
