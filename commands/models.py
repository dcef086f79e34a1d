"""`models`: what is registered, and who is champion."""

from __future__ import annotations

import argparse
import json
from typing import Any

from commands.options import command_parser
from operations.registry.address import WORDS
from recognition.errors import InputError


def parser() -> argparse.ArgumentParser:
    """Its options."""
    parser = command_parser("models", "Registered models: list, show, promote, roll back, copy.")
    parser.add_argument("--json", action="store_true", help="the list as JSON")
    verbs = parser.add_subparsers(dest="verb", title="verbs", metavar="list|show|promote|rollback|copy")
    _verb(verbs, "list", "all versions; also without a verb", json=True)
    _verb(verbs, "show", "all that is known of a version", model=True, json=True)
    promoted = _verb(verbs, "promote", "make a version the champion, whatever the gate said", model=True)
    promoted.add_argument("--reason", required=True, metavar="TEXT", help="why, for the log")
    back = _verb(verbs, "rollback", "make the champion of before champion again; twice goes two back")
    back.add_argument("model", nargs="?", metavar="NAME", help="of the model, where there are several")
    back.add_argument("--reason", default="", metavar="TEXT", help="why, for the log")
    copied = _verb(verbs, "copy", "copy a version to the registry of another ZenML stack", model=True)
    copied.add_argument("--to", required=True, metavar="STACK", help="name of the other stack")
    return parser


def run(options: argparse.Namespace) -> None:
    """Do what was asked, after mending what a killed command left behind."""
    for line in _done(options):
        print(line, flush=True)


def _verb(verbs: Any, name: str, purpose: str, model: bool = False, json: bool = False) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=purpose, description=f"{purpose.capitalize()}.")
    if model:
        verb.add_argument("model", metavar="MODEL", help=WORDS)
    if json:
        verb.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="as JSON")
    return verb


def _done(options: argparse.Namespace) -> list[str]:
    """Do it; what to print."""
    if options.json and options.verb not in (None, "list", "show"):
        raise InputError(
            "only list and show tell JSON", received=f"models --json {options.verb}", remedy="leave --json out"
        )
    if options.verb == "copy":
        from operations.registry.copying import copy_model

        return copy_model(options.model, options.to)
    from operations.registry import promotion
    from operations.registry.lookup import find_model, find_name
    from operations.registry.repair import repair
    from operations.tracking import connection

    client = connection.connect()
    mended = [f"mended {line}" for line in repair(client)]
    if options.verb == "promote":
        return [*mended, *promotion.promote(client, find_model(client, options.model), options.reason)]
    if options.verb == "rollback":
        return [*mended, *promotion.roll_back(client, find_name(client, options.model), options.reason)]
    if options.verb == "show":
        from operations.registry.details import details, render_details

        known = details(client, find_model(client, options.model))
        return [known.model_dump_json(indent=1)] if options.json else [*mended, render_details(known)]
    from operations.registry.listing import list_versions, render_table

    versions = list_versions(client)
    listed = json.dumps([version.model_dump(mode="json") for version in versions], indent=1)
    return [listed] if options.json else [*mended, render_table(versions)]
