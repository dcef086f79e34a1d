"""Addresses that people write into configurations: what in them is a secret, and how to show them without it.

A configuration is stored with every run, printed and compared; so a secret belongs into the environment or into a
store of secrets, and the configuration names it.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

ENVIRONMENT = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
REFERENCE = re.compile(rf"{ENVIRONMENT.pattern}|secret:[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
REFERENCE_WORDS = "env:VARIABLE, or secret:NAME.KEY of a ZenML secret"
HOOKS = re.compile(  # whoever knows such an address may post to it
    r"(.+\.)?(hooks\.slack(-gov)?\.com|discord(app)?\.com|webhook\.office(365)?\.com|logic\.azure\.(com|us)"
    r"|api\.powerplatform\.com|api\.telegram\.org|chat\.googleapis\.com|hooks\.zapier\.com|maker\.ifttt\.com"
    r"|hook\.[a-z0-9]+\.make\.com|webhooks?\.[^/]+)"
)
# A user with a password (s3://key:secret@…, not a port, not a chain's ::), and for the web a user without one
USER = re.compile(
    r"(?<=://)[^/\s?#@:]+:(?!:|\d*(?:/|$))\S*@|(?<=http://)[^/\s?#]*@|(?<=https://)[^/\s?#]*@", re.IGNORECASE
)
QUERY = re.compile(r"(?<=\w)\?[^\s'\"),]*=[^\s'\"),]*")
KEYS = re.compile(r"(?:^|[_-])(sig|signature|token|passw\w*|pwd|secret|credential|key|auth|code|jwt)$", re.IGNORECASE)
TOKEN = re.compile(r"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_~=-]{20,}")
SHORT = 8  # characters of a value that can hardly be a key
DIGITS = re.compile(r"[0-9a-f-]{20,}", re.IGNORECASE)  # of a hook: a key; elsewhere rather a digest or a date


def secret_in(address: str, *, hook: bool = False) -> str | None:
    """What in an address is a secret, or looks like one; None for nothing, and for what is no address.

    Args:
        address: Such as https://host/path or s3://bucket/folder.
        hook: Whether messages are posted to it: then longer values in its query and long numbers in its path are taken
            for one, too.
    """
    if "://" not in address:
        return None
    if USER.search(address):
        return "a user or a password"
    parts = urlsplit(address)
    host = (parts.hostname or "").rstrip(".")
    if hook and HOOKS.fullmatch(host):
        return f"what only who may post to {host} knows"
    query = parse_qsl(parts.query, keep_blank_values=True)
    if any(KEYS.search(name) or TOKEN.fullmatch(value) or (hook and len(value) >= SHORT) for name, value in query):
        return "a query with a key or a signature"
    words = [unquote(word) for word in re.split(r"[/#:]", parts.path + "#" + parts.fragment)]
    if any(TOKEN.fullmatch(word) or (hook and DIGITS.fullmatch(word)) for word in words):
        return "a path that looks like a key"
    return None


def without_secrets(text: str, *secret: str) -> str:
    """A text without the users, passwords and query strings of the addresses in it.

    Args:
        text: Such as an error's.
        secret: Addresses that are secret as a whole, and may stand in it.
    """
    for address in secret:
        parts = urlsplit(address)
        for piece in (address, parts.path.lstrip("/"), parts.query):
            text = text.replace(piece, "…") if len(piece) > 1 else text
    return QUERY.sub("", USER.sub("", text))
