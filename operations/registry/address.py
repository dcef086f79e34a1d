"""What registered versions are called: MLflow's addresses, and the words that people say instead."""

from __future__ import annotations

import re
from typing import NamedTuple

SCHEME = "models:/"
WORDS = "NAME@champion, NAME/VERSION, NAME for its champion; champion or a version's number where there is one model"
FORM = re.compile(rf"(?:{SCHEME})?(?P<name>[^/:]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[^/@]+))")  # no name has / or :
VERSIONS = re.compile(rf"{SCHEME}([^/@\s]+)/(\d+)")


class Address(NamedTuple):
    """A version by its number or by an alias, which may move; one of the two is empty."""

    name: str
    alias: str
    version: str


def parse_address(text: str) -> Address | None:
    """What an address names, None where it is none.

    Args:
        text: NAME@ALIAS or NAME/VERSION, with or without "models:/" before it.
    """
    match = FORM.fullmatch(text)
    return Address(match["name"], match["alias"] or "", match["version"] or "") if match else None


def mentioned_versions(text: str) -> set[str]:
    """NAME/VERSION of each address in a text."""
    return {"/".join(found) for found in VERSIONS.findall(text)}
