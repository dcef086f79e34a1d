"""A line for cron, and a timer for systemd, that repeat a command on this machine."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recognition.configuration.sections.schedule import ScheduleConfig
from recognition.scheduling.cron import calendar_texts, parse_cron


@dataclass(frozen=True)
class LocalCommand:
    """What is repeated.

    Attributes:
        words: The command, its program with an absolute path.
        folder: Where it runs.
        environment: Variables that it needs.
        lock: A file that one run at a time holds.
        log: Where what it says is appended.
        flock: Path of util-linux' flock.
    """

    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    lock: Path
    log: Path
    flock: str = "/usr/bin/flock"


def crontab_lines(schedule: ScheduleConfig, command: LocalCommand) -> str:
    """Two lines for `crontab -e`.

    cronie knows CRON_TZ; Debian's cron leaves it to the machine's zone. An unescaped % would be a new line to cron.

    Args:
        schedule: When, and what becomes of overlaps; a run is never stopped for another.
        command: What.
    """
    held = [] if schedule.overlap == "allow" else [command.flock, "--nonblock", str(command.lock)]
    settings = [f"{name}={shlex.quote(value)}" for name, value in command.environment.items()]
    environment = ["env", *settings] if held else settings
    line = " ".join(
        [
            *("cd", shlex.quote(str(command.folder)), "&&"),
            *(map(shlex.quote, held)),
            *environment,
            *(map(shlex.quote, command.words)),
            *(">>", shlex.quote(str(command.log)), "2>&1"),
        ]
    )
    return f"CRON_TZ={schedule.time_zone}\n{schedule.cron} {line}".replace("%", "\\%")


def systemd_units(schedule: ScheduleConfig, command: LocalCommand) -> dict[str, str]:
    """A service and its timer by file name, for ~/.config/systemd/user; a service never overlaps itself.

    A run that was missed while the machine was off is made up for where the schedule sets no deadline.

    Args:
        schedule: When.
        command: What.
    """
    calendars = [f"OnCalendar={text}" for text in calendar_texts(parse_cron(schedule.cron), schedule.time_zone)]
    persistent = "true" if schedule.starting_deadline is None else "false"
    settings = [f"Environment={_quoted(f'{name}={value}')}" for name, value in command.environment.items()]
    started = " ".join(_quoted(word).replace("$", "$$") for word in command.words)
    folder = str(command.folder).replace("%", "%%")
    service = ["[Service]", "Type=oneshot", f"WorkingDirectory={folder}", *settings, f"ExecStart={started}"]
    timer = ["[Timer]", *calendars, f"Persistent={persistent}", "", "[Install]", "WantedBy=timers.target"]
    return {
        f"{schedule.name}.service": "\n".join(["[Unit]", f"Description=Retraining {schedule.name}", "", *service]),
        f"{schedule.name}.timer": "\n".join(["[Unit]", f"Description=When {schedule.name} runs", "", *timer]),
    }


def _quoted(text: str) -> str:
    """A word as systemd reads it: https://www.freedesktop.org/software/systemd/man/systemd.syntax.html."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
