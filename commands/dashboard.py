"""`dashboard start|stop`: ZenML's and MLflow's pages, locally."""

from __future__ import annotations

import argparse

from commands.options import command_parser


def parser() -> argparse.ArgumentParser:
    """Its options."""
    parser = command_parser("dashboard", "ZenML's and MLflow's pages, locally.")
    parser.add_argument("verb", choices=("start", "stop"))
    parser.add_argument("--port", type=int, default=8237, help="ZenML's; MLflow takes the next one (%(default)s)")
    return parser


def run(options: argparse.Namespace) -> None:
    """Start or stop the local dashboards."""
    from operations.dashboard import start, stop

    if options.verb == "start":
        start(options.port)
    else:
        stop()
