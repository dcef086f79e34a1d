"""`extend RUN --epochs N`: train a finished run for longer."""

from __future__ import annotations

import argparse
from dataclasses import replace

from commands.options import add_run_options, command_parser, run_options
from commands.run import carry_out, checked


def parser() -> argparse.ArgumentParser:
    """Its options."""
    parser = command_parser("extend", "Train a finished run for longer.")
    parser.add_argument("run", metavar="RUN", help="its name or the last part of it, latest, champion, …")
    parser.add_argument("--epochs", type=int, required=True, metavar="N", help="how many more")
    parser.add_argument("--schedule", metavar="NAME", help="learning rate over them: cosine, constant or one_cycle")
    parser.add_argument("--learning-rate", type=float, metavar="RATE", help="its highest; a tenth of the run's")
    add_run_options(parser)
    return parser


def run(options: argparse.Namespace) -> int:
    """Run the configuration of a finished run again, for more epochs from where it ended."""
    from operations.runs.job import TrainingJob
    from operations.runs.parent import extended, full_name, used_fallback
    from operations.training.task import recipe_of

    name = full_name(options.run)
    config = extended(name, options.epochs, options.schedule, options.learning_rate)
    job = checked(config, recipe_of(name), run_options(options))
    assert isinstance(job, TrainingJob)  # its configuration is one that trained
    if used_fallback(name):
        job = replace(job, fallback="the run that it goes on with used it")
    return carry_out(job)
