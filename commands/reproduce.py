"""`reproduce RUN`: train a finished run again, and tell how well it gives what it gave."""

from __future__ import annotations

import argparse

from commands.options import RUN_WORDS, command_parser
from commands.run import carry_out


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
    from operations.runs.reproduction import check_reproduction, find_original

    return carry_out(check_reproduction(find_original(options.run), options.fresh, options.tolerance))


def points(text: str) -> float:
    """Percentage points from 0 to 100, as a fraction."""
    number = float(text)
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 100")
    return number / 100
