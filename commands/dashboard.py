"""`dashboard start|stop`: ZenML's and MLflow's pages, locally."""

from __future__ import annotations

import argparse

from commands.options import command_parser


def parser() -> argparse.ArgumentParser:
    """Its options."""
    parser = command_parser("dashboard", "ZenML's and MLflow's pages, locally.")
    verbs = parser.add_subparsers(dest="verb", title="verbs", metavar="start|stop", required=True)
    start = verbs.add_parser("start", help="start both, and tell their addresses")
    start.add_argument("--port", type=int, default=8237, help="ZenML's; MLflow takes the next one (%(default)s)")
    verbs.add_parser("stop", help="stop both")
    return parser


def run(options: argparse.Namespace) -> None:
    """Start or stop the local dashboards."""
    from operations.dashboard.dashboard import start, stop

    if options.verb == "start":
        start(options.port)
    else:
        stop()
