"""`export --model WORD --format F`: a registered model for programs that know nothing of this project."""

from __future__ import annotations

import argparse
from pathlib import Path

from commands.options import command_parser
from operations.registry.address import WORDS
from recognition.export.choice import FORMATS, QUANTIZATIONS, check_choice


def parser() -> argparse.ArgumentParser:
    """Its options."""
    parser = command_parser("export", "A registered model in another format, checked against it; see docs/export.md.")
    parser.add_argument("--model", required=True, metavar="WORD", help=WORDS)
    parser.add_argument("--format", required=True, choices=FORMATS)
    parser.add_argument("--quantize", choices=QUANTIZATIONS, help="smaller weights; not of every format")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder to make; one in the state folder")
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="labelled images to check with, a folder for each class; test images"
    )
    parser.add_argument("--count", type=positive, default=1_000, metavar="N", help="how many of them (%(default)s)")
    parser.add_argument(
        "--tolerance", type=share, metavar="P", help="largest difference of a probability that may pass, 0 to 1"
    )
    return parser


def run(options: argparse.Namespace) -> None:
    """Export the model; print what the check found and where it is."""
    check_choice(options.format, options.quantize)  # before seconds of imports

    from operations.inference.export import export, render_export

    written = export(
        options.model,
        options.format,
        options.quantize,
        options.output,
        options.images,
        options.count,
        options.tolerance,
    )
    print(render_export(*written))


def positive(text: str) -> int:
    """A whole number above 0."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1")
    return number


def share(text: str) -> float:
    """A number from 0 to 1."""
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 1")
    return number
