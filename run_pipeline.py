#!/usr/bin/env python3
"""The one command: read a configuration, show the plan, run the pipeline, print the summary; other verbs beside it."""

from __future__ import annotations

import argparse
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import Never

from operations.platform import process
from operations.platform.disk import refusal_of_disk
from operations.platform.environment import prepare_environment
from operations.platform.unreachable import is_refused, refused, silent_server, unreachable
from recognition.errors import RecognitionError, Terminated

INTERRUPTED, TERMINATED = 130, 143
VERBS = {  # each a file in commands/
    "compare": ("RUN RUN ...", "finished runs side by side, on one page"),
    "dashboard": ("start|stop", "lineage and experiments in the browser"),
    "env": ("", "a line that lets zenml and mlflow see our state"),
    "export": ("--model MODEL ...", "a model as SavedModel, ONNX or LiteRT"),
    "extend": ("RUN --epochs N", "train a finished run for longer"),
    "models": ("[VERB]", "what is registered; promote, rollback, copy"),
    "predict": ("PATH ...", "what a registered model says of images"),
    "reproduce": ("RUN", "train a finished run again, and compare"),
    "schedule": ("apply|list|...", "runs that come back"),
    "serve": ("[--model MODEL]", "a registered model answers over HTTP"),
    "stack": ("apply|show|...", "where runs go"),
    "storage": ("report|prune", "what runs left behind; removing it"),
}

TRAINING = ("", "extend", "reproduce")  # the main job has no verb


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    0 is done, 1 failed, 2 bad input, 4 a refused retraining, 130 and 143 interrupted; a verb may add its own.
    """
    words = sys.argv[1:] if arguments is None else arguments
    options = parse(words)
    prepare_environment(options.debug)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, terminate)
    try:
        return options.action(options) or 0
    except KeyboardInterrupt as interruption:
        terminated = isinstance(interruption, Terminated)
        word = "terminated" if terminated else "interrupted"
        resumed = "the same command goes on from the last checkpoint"
        told = str(interruption) or (resumed if options.trains else "what was under way may be repeated")
        print(f"\n{word}: {told}", file=sys.stderr)
        return TERMINATED if terminated else INTERRUPTED
    except Exception as error:
        if options.debug:
            traceback.print_exc()
        return explain(in_words(error, words))


def in_words(error: Exception, words: Sequence[str]) -> Exception:
    """An error about a server or a disk as one of ours; any other as it is."""
    if not isinstance(error, RecognitionError) and (refusal := refusal_of_disk(error)):
        return refusal
    if server := silent_server(error):
        return unreachable(server, words)
    return refused(error) if is_refused(error) else error


def terminate(signum: int, frame: FrameType | None) -> Never:
    """End in an orderly way, as Ctrl-C does."""
    raise Terminated


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Parse the command line: a verb and its options, or those of the main job."""
    place = 1 if words and words[0] == "--debug" else 0
    verb = words[place] if words[place:] and words[place] in VERBS else ""
    command = import_module(f"commands.{verb or 'run'}")
    parser = command.parser() if verb else command.parser(others())
    parser.set_defaults(action=command.run, trains=verb in TRAINING, debug=False)
    options: argparse.Namespace = parser.parse_args([*words[:place], *words[place + 1 :]] if verb else words)
    return options


def others() -> str:
    """The verbs, for the main job's help page."""
    calls = {f"{verb} {operands}".strip(): purpose for verb, (operands, purpose) in VERBS.items()}
    lines = [f"  {call:<27}{purpose}" for call, purpose in calls.items()]
    return "\n".join(["other commands, in place of the options, each with --help:", *lines])


def explain(error: Exception) -> int:
    """Print an error of ours as it is, any other in two lines; return the exit status."""
    if isinstance(error, RecognitionError):
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    first = (str(error).strip() or "no message").splitlines()[0][:500]
    print(f"error: {type(error).__name__}: {first}\n  to mend: --debug shows the traceback", file=sys.stderr)
    return 1


def command() -> Never:
    """`main` as a process of its own."""
    process.collect_seldom()
    process.leave(main())


if __name__ == "__main__":
    command()
