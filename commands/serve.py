"""`serve`: a registered model answers over HTTP."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from commands.options import command_parser

FOLLOW_SECONDS = 10.0


def parser() -> argparse.ArgumentParser:
    """Its options."""
    parser = command_parser("serve", "A registered model answers over HTTP: docs/serving.md.")
    parser.add_argument(
        "--model", default="champion", metavar="MODEL", help="NAME@champion, NAME/VERSION, … (%(default)s)"
    )
    parser.add_argument(
        "--follow",
        nargs="?",
        type=positive(float),
        const=FOLLOW_SECONDS,
        metavar="SECONDS",
        help=f"take a new champion as soon as there is one; how often to look ({FOLLOW_SECONDS:g})",
    )
    parser.add_argument(
        "--wait", action="store_true", help="with --follow: begin before there is a model; /readyz says no until then"
    )
    parser.add_argument("--quiet", action="store_true", help="no line in the log for each request")
    _add_place(parser.add_argument_group("where"))
    _add_limits(parser.add_argument_group("limits"))
    return parser


def _add_place(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--host", default="127.0.0.1", help="address to listen at (%(default)s: this machine only)")
    group.add_argument("--port", type=port, default=8000, help="0 for any free one (%(default)s)")
    group.add_argument("--threads", type=positive(int), metavar="N", help="that the model computes with; every core")
    group.add_argument(
        "--drain",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="asked to stop, go on for so long while /readyz says no (%(default)g)",
    )


def _add_limits(group: argparse._ArgumentGroup) -> None:
    for name, kind, default, metavar, purpose in (
        ("--max-body", int, 16, "MIB", "size of a request"),
        ("--max-megapixels", float, 50.0, "N", "size of an image"),
        ("--max-files", int, 32, "N", "images a request"),
        ("--timeout", float, 20.0, "SECONDS", "from a request's first byte to its answer"),
        ("--queue", int, 256, "N", "requests in flight, and images that wait for the model"),
    ):
        group.add_argument(name, type=positive(kind), default=default, metavar=metavar, help=f"{purpose} (%(default)g)")
    group.add_argument(
        "--batch", type=positive(int), metavar="N", help="images that the model gets at a time (64; fewer of large)"
    )


def positive(kind: type[int] | type[float]) -> Callable[[str], int | float]:
    """What argparse reads a number above 0 with.

    Args:
        kind: int or float.
    """

    def read(text: str) -> int | float:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    read.__name__ = "number"  # argparse names it where the text is no number
    return read


def port(text: str) -> int:
    """A port's number, for argparse."""
    value = int(text)
    if not 0 <= value < 2**16:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {2**16 - 1}")
    return value


def seconds(text: str) -> float:
    """A duration that may be 0, for argparse."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return value


def run(options: argparse.Namespace) -> int:
    """Serve until a signal comes; 0 where all requests were answered, else 1."""
    from recognition.serving.limits import MEBIBYTE, MILLION, Limits
    from recognition.serving.logs import configure_logs

    limits = Limits(
        body=options.max_body * MEBIBYTE,
        pixels=int(options.max_megapixels * MILLION),
        files=options.max_files,
        seconds=options.timeout,
        queue=options.queue,
        batch=options.batch,
    )
    configure_logs(options.quiet)

    from operations.inference.serving import Place, serve

    place = Place(options.host, options.port, options.drain, options.threads, options.follow, options.wait)
    return 0 if serve(options.model, place, limits) else 1
