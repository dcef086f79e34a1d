"""`compare RUN RUN …`: finished runs side by side, on one page."""

from __future__ import annotations

import argparse
from pathlib import Path

from commands.options import RUN_WORDS, command_parser


def parser() -> argparse.ArgumentParser:
    """Its options."""
    parser = command_parser("compare", "Finished runs side by side, on one page.")
    parser.add_argument("runs", nargs="+", metavar="RUN", help=f"{RUN_WORDS}; two or more, the first is the baseline")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write comparison.html there")
    return parser


def run(options: argparse.Namespace) -> None:
    """Compare finished runs; print what differs and where the page is."""
    from operations.outcomes.comparison import compare, render_comparison

    print(render_comparison(*compare(options.runs, options.output)))
