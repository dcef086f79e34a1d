"""`predict PATH…`: what a registered model says of image files."""

from __future__ import annotations

import argparse
import os
import sys

from commands.options import command_parser
from recognition.errors import InputError

PIPE_CLOSED = 141  # as a shell calls what SIGPIPE ended


def parser() -> argparse.ArgumentParser:
    """Its options."""
    parser = command_parser("predict", "What a registered model says of images. Exit status 3: some are unreadable.")
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="image, folder, 'pattern*', .parquet, .csv of paths, - for a list"
    )
    parser.add_argument("--model", metavar="WORD", help="NAME@champion, NAME/VERSION, …; the only model's champion")
    parser.add_argument("--output", metavar="FILE", help=".csv, .parquet or .jsonl; - for JSON lines; lines to read")
    parser.add_argument("--top", type=int, default=5, metavar="N", help="classes named for an image (%(default)s)")
    parser.add_argument("--batch-size", type=int, metavar="N", help="images at a time, at most")
    return parser


def run(options: argparse.Namespace) -> int:
    """Predict; print what became of it on standard error.

    Raises:
        KeyboardInterrupt: Interrupted, with a word about what was written.
    """
    from operations.inference.prediction import SOME_FAILED, Request, predict_files, render_predicted

    check_numbers(options)
    request = Request(tuple(options.paths), options.model, options.output, options.top, options.batch_size)
    try:
        predicted = predict_files(request)
        sys.stdout.flush()
    except KeyboardInterrupt as interruption:
        raise type(interruption)("no file was written, give the same command again") from interruption
    except BrokenPipeError:  # whoever read standard output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    print(render_predicted(predicted), file=sys.stderr)
    return SOME_FAILED if predicted.tally.failed else 0


def check_numbers(options: argparse.Namespace) -> None:
    """Raise InputError unless both numbers are 1 or more."""
    for name, value in (("--top", options.top), ("--batch-size", options.batch_size)):
        if value is not None and value < 1:
            raise InputError(f"{name} is out of range", received=str(value), expected="1 or more")
