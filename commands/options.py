"""Options that several commands share, and the checks of what they name."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from operations.runs.job import RunOptions

RUN_WORDS = "a run's name or its last part, its id or the beginning of it, latest, champion, or MODEL@champion"


class Parser(argparse.ArgumentParser):
    """A parser with the option that every command has, and each verb below it, as argparse makes those of its class."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.add_argument(
            "--debug",
            action="store_true",
            default=argparse.SUPPRESS,  # else a verb would take back what was said before it
            help="show tracebacks and what the libraries say",
        )


def command_parser(verb: str, description: str) -> Parser:
    """A parser for one command.

    Args:
        verb: What follows `run_pipeline.py`.
        description: One sentence, for the help page.
    """
    return Parser(f"run_pipeline.py {verb}", description=description)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add what `run` and `extend` share."""
    parser.add_argument("--no-cache", action="store_true", help="run every step, whatever ran before")
    parser.add_argument("--fresh", action="store_true", help="ignore the checkpoint of an interrupted training")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write report.html and metrics.json there")
    parser.add_argument(
        "--copy-errors", type=Path, metavar="DIR", help="gather the wrongly predicted test images in a new folder"
    )


def run_options(options: argparse.Namespace) -> RunOptions:
    """What was parsed with the options of `add_run_options`."""
    from operations.runs.job import RunOptions

    return RunOptions(options.fresh, not options.no_cache, options.summary, options.output, options.copy_errors)
