"""`schedule apply|list|show|pause|resume|remove|run-now`: runs that the stack's orchestrator repeats."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from commands.options import command_parser
from commands.run import CONFIGS
from recognition.configuration.loading import find_config, load_config
from recognition.errors import InputError

if TYPE_CHECKING:
    from operations.schedules.scheduler import KubernetesScheduler

NAMED = {
    "show": "everything about one",
    "pause": "fire no run until resume; a run that goes on is not stopped",
    "resume": "end a pause",
    "remove": "remove one; its runs and models stay",
    "run-now": "start one run of it, paused or not",
}


def parser() -> argparse.ArgumentParser:
    """Its options."""
    parser = command_parser("schedule", "Runs that the stack's orchestrator repeats.")
    verbs = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    apply = verbs.add_parser("apply", help="let a schedule be what a configuration's section schedule says")
    apply.add_argument("--config", required=True, metavar="FILE", help="a path, or a name in configs/")
    apply.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key")
    verbs.add_parser("list", help="one line a schedule")
    for name, purpose in NAMED.items():
        verbs.add_parser(name, help=purpose).add_argument("name", metavar="NAME", help="schedule.name")
    return parser


def run(options: argparse.Namespace) -> None:
    """Do what is asked, and print what came of it."""
    print({"apply": apply, "list": show_all, "show": show}.get(options.what, change)(options))


def apply(options: argparse.Namespace) -> str:
    """Create, patch or replace a schedule; print lines for this machine's own scheduler where the stack has none."""
    path = find_config(options.config, CONFIGS)
    config = load_config(path, options.set)
    from operations.schedules import planning, schedules
    from operations.schedules.text import render_applied

    schedule = planning.schedule_of(config)
    try:
        scheduler = stack_scheduler()
    except InputError:
        print(planning.local_lines(schedule, path, options.set), flush=True)
        raise
    from pipelines.training import CACHED_STEPS, training

    wanted, snapshot = planning.plan_schedule(config, Path(path).stem, training, CACHED_STEPS, scheduler)
    return render_applied(schedules.apply(wanted, snapshot, scheduler), datetime.now(UTC))


def show_all(options: argparse.Namespace) -> str:
    """All schedules."""
    from operations.schedules.known_schedules import list_schedules
    from operations.schedules.text import render_list

    return render_list(list_schedules(), datetime.now(UTC))


def show(options: argparse.Namespace) -> str:
    """One schedule."""
    from operations.schedules.known_schedules import find_schedule
    from operations.schedules.text import render_schedule

    return render_schedule(find_schedule(options.name), datetime.now(UTC))


def change(options: argparse.Namespace) -> str:
    """Pause, resume, remove or start a schedule."""
    from operations.schedules import known_schedules, schedules

    name = options.name
    known_schedules.find_schedule(name)  # a mistyped name is told before a stack that does not schedule
    scheduler = stack_scheduler()
    if options.what == "run-now":
        return f"schedule {name}: started {schedules.run_now(name, scheduler)}"
    if options.what == "remove":
        schedules.remove(name, scheduler)
        return f"schedule {name}: removed"
    is_news = (schedules.pause if options.what == "pause" else schedules.resume)(name, scheduler)
    return f"schedule {name}: {'' if is_news else 'already '}{options.what}d"


def stack_scheduler() -> KubernetesScheduler:
    """The active stack's scheduler."""
    from operations.platform.stack import active_stack_name
    from operations.schedules.scheduler import scheduler_of

    active_stack_name()  # opens ZenML's database behind its lock
    from zenml.client import Client

    return scheduler_of(Client().active_stack)
