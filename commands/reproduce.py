"""`reproduce RUN`: train a finished run again, and tell how well it gives what it gave."""

from __future__ import annotations

import argparse
import os

from commands.options import RUN_WORDS, command_parser


def parser() -> argparse.ArgumentParser:
    """Its options."""
    text = "Train a finished run again; exit status 0 if what comes out is equal or near, 1 if it is different."
    parser = command_parser("reproduce", text)
    parser.add_argument("run", metavar="RUN", help=RUN_WORDS)
    parser.add_argument(
        "--tolerance", type=points, metavar="POINTS", help="how far apart the accuracies may be; overlapping intervals"
    )
    parser.add_argument("--fresh", action="store_true", help="ignore the checkpoint of an interrupted repetition")
    return parser


def run(options: argparse.Namespace) -> int:
    """Say what differs here, train again, say how near it came."""
    from operations.job import describe_job
    from operations.reproduction import (
        check_reproduction,
        differences,
        find_original,
        render_differences,
        render_reproduction,
        reproduce,
    )
    from operations.stack import active_stack_name, describe_resources
    from recognition.evaluation.reproduction import DIFFERENT

    original = find_original(options.run)
    job = check_reproduction(original, options.fresh)
    print(render_differences(original, differences(original)))
    print(describe_job(job, active_stack_name(), describe_resources(job.config.resources)), flush=True)
    if options.fresh:
        os.environ["RECOGNITION_FRESH"] = "1"

    from pipelines.reproduction import CACHED_STEPS, reproduction

    found = reproduce(reproduction, CACHED_STEPS, original, job, options.tolerance)
    print(f"\n{render_reproduction(found)}")
    return 1 if found.verdict == DIFFERENT else 0


def points(text: str) -> float:
    """Percentage points from 0 to 100, as a fraction."""
    number = float(text)
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 100")
    return number / 100
