"""Options that several commands share, and the checks of what they name."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from recognition.errors import InputError

SOME_FAILED = 3  # exit status: some images could not be read, the rest are predicted
RUN_WORDS = "a run's name or its last part, its id or the beginning of it, latest, champion, or MODEL@champion"


def command_parser(verb: str, description: str) -> argparse.ArgumentParser:
    """A parser for one verb, with the option that all have.

    Args:
        verb: What follows `run_pipeline.py`.
        description: One sentence, for the help page.
    """
    parser = argparse.ArgumentParser(f"run_pipeline.py {verb}", description=description)
    add_debug(parser)
    return parser


def add_debug(parser: argparse.ArgumentParser) -> None:
    """Add `--debug`."""
    parser.add_argument("--debug", action="store_true", help="show tracebacks and what the libraries say")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add what `run` and `extend` share."""
    parser.add_argument("--no-cache", action="store_true", help="run every step, whatever ran before")
    parser.add_argument("--fresh", action="store_true", help="ignore the checkpoint of an interrupted training")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write report.html and metrics.json there")
    parser.add_argument(
        "--copy-errors", type=Path, metavar="DIR", help="gather the wrongly predicted test images in a new folder"
    )


def written_folders(options: argparse.Namespace) -> dict[str, Path]:
    """Folders that the options ask to write, by what they are for.

    Args:
        options: Parsed, with those of `add_run_options`.

    Raises:
        InputError: If a file is to be written where a folder is.
    """
    if options.summary and os.path.isdir(options.summary):
        raise InputError("--summary names a folder", received=str(options.summary), expected="a file to write")
    folders = {
        "folder of --output": options.output,
        "folder of --summary": options.summary and options.summary.parent,
        "folder of --copy-errors": options.copy_errors,
    }
    return {purpose: folder for purpose, folder in folders.items() if folder is not None}
