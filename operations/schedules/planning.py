"""From a configuration to what ZenML freezes, or to what this machine's own scheduler needs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operations.platform.code import code_hash
from operations.platform.digest import digest_of
from operations.platform.environment import PROJECT, STATE_VARIABLE, state_folder
from operations.registry.address import SCHEME, parse_address
from operations.runs.job import git_commit, initial_digest
from operations.schedules.record import ScheduleRecord, record_of
from operations.schedules.snapshot import Snapshot
from operations.training import surroundings
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.schedule import ScheduleConfig
from recognition.errors import InputError
from recognition.scheduling.local import LocalCommand, crontab_lines, systemd_units

if TYPE_CHECKING:
    from operations.schedules.scheduler import KubernetesScheduler

CODE = ("pipelines.training", surroundings.MODULE)  # modules whose imports are all the code that a schedule runs
PLACES = (STATE_VARIABLE, "RECOGNITION_DATA")  # variables that name folders


def schedule_of(config: RunConfig) -> ScheduleConfig:
    """A configuration's section `schedule`.

    Args:
        config: A loaded configuration.

    Raises:
        InputError: If it has none; as of `check_lasting`.
    """
    if config.schedule is None:
        raise InputError(
            "the configuration has no section schedule",
            expected="schedule with a name and a cron expression",
            remedy="--set schedule.name=nightly --set 'schedule.cron=\"0 3 * * *\"'",
        )
    check_lasting(config)
    return config.schedule


def check_lasting(config: RunConfig) -> None:
    """Raise InputError if what a configuration trains with would change under a frozen snapshot."""
    init = config.train.init or ""
    address = parse_address(init) if init.startswith(SCHEME) else None
    if address and address.alias:
        raise InputError(
            "what is frozen cannot begin with an alias that moves",
            received=f"train.init: {init}",
            expected="a version, models:/NAME/VERSION",
            remedy="retrain.init: champion begins each run with the champion of that day",
        )


def freeze(config: RunConfig, recipe: str, pipeline: Any, cached_steps: Sequence[str]) -> Snapshot:
    """What is called again and again without this machine.

    Args:
        config: A loaded configuration.
        recipe: Name of its file, without its suffix.
        pipeline: ZenML's pipeline.
        cached_steps: Names of its steps that are cached.

    Raises:
        InputError: If the weights that `train.init` names are missing; as of `check_lasting`.
    """
    check_lasting(config)
    initial = initial_digest(config.train.init) if config.train.init else ""
    code = {name: code_hash(f"steps.{name}") for name in cached_steps} | {"initial weights": initial}
    return Snapshot(pipeline, config, code, recipe, git_commit())


def plan_schedule(
    config: RunConfig, recipe: str, pipeline: Any, cached_steps: Sequence[str], scheduler: KubernetesScheduler
) -> tuple[ScheduleRecord, Snapshot]:
    """What a configuration asks for, to compare and to freeze.

    Args:
        config: A loaded configuration.
        recipe: Name of its file, without its suffix.
        pipeline: ZenML's pipeline.
        cached_steps: Names of its steps that are cached.
        scheduler: The stack's.

    Raises:
        InputError: If it predicts; as of `schedule_of` and `freeze`.
    """
    if config.predict.paths is not None:
        raise InputError(
            "a stack's schedule repeats trainings",
            received="a configuration with predict.paths",
            expected="one that trains",
            remedy="with a stack on this machine active, schedule apply prints lines for its own scheduler",
        )
    schedule, snapshot = schedule_of(config), freeze(config, recipe, pipeline, cached_steps)
    code = digest_of([code_hash(module) for module in CODE])
    record = record_of(config, schedule, recipe, code, scheduler.image(), snapshot.commit)
    return record, snapshot


def local_lines(schedule: ScheduleConfig, config: Path, overrides: Sequence[str]) -> str:
    """What repeats a run on this machine: a crontab line and a systemd timer, each with how to install it.

    Args:
        schedule: When.
        config: The configuration's file.
        overrides: Words of `--set`.
    """
    command = _local_command(schedule, config, overrides)
    units = systemd_units(schedule, command)
    files = [f"# ~/.config/systemd/user/{name}\n{text}\n" for name, text in units.items()]
    return "\n".join(
        [
            "# Either: crontab -e, and add these lines. Debian's cron ignores CRON_TZ and goes by the machine's zone:",
            "# there, the timer below is the better choice.",
            crontab_lines(schedule, command),
            "",
            "# Or: two files for systemd, and then",
            f"# systemctl --user daemon-reload && systemctl --user enable --now {schedule.name}.timer",
            "# (and once loginctl enable-linger, or it runs only while you are logged in)",
            *files,
            *_differences(schedule),
        ]
    ).rstrip()


def _local_command(schedule: ScheduleConfig, config: Path, overrides: Sequence[str]) -> LocalCommand:
    state = state_folder()
    places = {name: str(Path(place).expanduser().resolve()) for name in PLACES if (place := os.environ.get(name))}
    settings = [word for each in overrides if not each.startswith("schedule.") for word in ("--set", each)]
    return LocalCommand(
        words=[sys.executable, str(PROJECT / "run_pipeline.py"), "--config", str(config.resolve()), *settings],
        folder=PROJECT,
        environment={**places, STATE_VARIABLE: str(state)},
        lock=state / f"schedule-{schedule.name}.lock",
        log=state / f"schedule-{schedule.name}.log",
        flock=shutil.which("flock") or "flock",
    )


def _differences(schedule: ScheduleConfig) -> list[str]:
    """What of the section this machine's schedulers cannot do."""
    lines = []
    if schedule.overlap == "replace":
        lines.append("# Neither stops a run for the next one: the next one is skipped, as with overlap: forbid.")
    if schedule.overlap == "allow":
        lines.append("# systemd never runs a service twice at once: the timer skips what overlaps.")
    if schedule.suspend:
        lines.append("# schedule.suspend is true: install none of them yet.")
    return lines
