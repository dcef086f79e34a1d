"""`env`: the line that lets `zenml` and `mlflow` see the same state."""

from __future__ import annotations

import argparse

from commands.options import command_parser


def parser() -> argparse.ArgumentParser:
    """Its options."""
    return command_parser("env", "Print the line that lets the commands zenml and mlflow see the same state.")


def run(options: argparse.Namespace) -> None:
    """Print the line."""
    from operations.tracking.shell import shell_line  # imports MLflow

    print(shell_line())
