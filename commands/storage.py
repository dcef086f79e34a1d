"""`storage`: what runs left behind, and removing what nothing needs any more."""

from __future__ import annotations

import argparse
import json
import sys

from commands.options import command_parser
from recognition.errors import InputError


def parser() -> argparse.ArgumentParser:
    """Its options."""
    parser = command_parser("storage", "What runs and models take, and removing what nothing needs any more.")
    verbs = parser.add_subparsers(dest="verb", title="verbs", metavar="report|prune", required=True)
    for name, purpose in (("report", "how much there is, and what may go"), ("prune", "remove what may go")):
        verb = verbs.add_parser(name, help=purpose, description=f"{purpose.capitalize()}.")
        verb.add_argument("--keep", type=int, default=5, metavar="N", help="newest of each, default %(default)s")
        verb.add_argument("--older-than", default="30d", metavar="AGE", help="12h, 30d, 2w; default %(default)s")
        verb.add_argument("--json", action="store_true", help="every item as JSON")
    verb.add_argument("--dry-run", action="store_true", help="only tell what would be removed")
    verb.add_argument("--yes", action="store_true", help="ask no question")
    return parser


def run(options: argparse.Namespace) -> int:
    """Do what was asked; exit status 3 where something could not be removed."""
    from operations.storage.prune import parse_policy

    policy = parse_policy(options.keep, options.older_than)
    pruning = options.verb == "prune" and not options.dry_run
    if pruning and not options.yes and not (sys.stdin and sys.stdin.isatty()):
        raise InputError(
            "nobody can be asked here", received="no terminal", expected="--yes, or --dry-run to see what would go"
        )
    from operations.registry.repair import repair
    from operations.storage import text
    from operations.storage.prune import carry_out, make_plan
    from operations.tracking import connection

    client = connection.connect()
    for line in repair(client):
        print(f"mended {line}", file=sys.stderr)
    plan = make_plan(client, policy)
    if options.json:
        print(json.dumps(text.as_document(plan), indent=1))
    else:
        print(text.render_report(plan, policy) if options.verb == "report" else text.render_plan(plan))
    if not pruning or not plan.going or not (options.yes or _agreed()):
        return 0
    gone, stayed = carry_out(client, policy, plan.going)
    print(text.render_outcome(gone, stayed), file=sys.stderr if options.json else sys.stdout)
    return 3 if stayed else 0


def _agreed() -> bool:
    return input("remove it? [y/N] ").strip().lower() in ("y", "yes")
