"""`--set key.path=value`: values that replace those of the file."""

from __future__ import annotations

from recognition.addresses import secret_in
from recognition.configuration.wording import KeyPath, dotted, shown
from recognition.configuration.yaml_text import MAX_DEPTH, Document, parse_yaml
from recognition.errors import InputError

_EXAMPLE = "key.path=value, such as train.epochs=3"


def apply_override(document: Document, override: str) -> None:
    """Set one key of a document in place.

    Args:
        document: A document whose value is a mapping.
        override: "key.path=value"; the value is YAML. Sections that are missing or null are made.

    Raises:
        InputError: If the override is malformed or its path leads through a value that is no section.
    """
    name, equals, text = override.partition("=")
    path = tuple(part.strip() for part in name.split("."))
    if not equals or not all(path) or len(path) > MAX_DEPTH:
        raise InputError(f"{origin_of(override)}: not a key and its value", expected=_EXAMPLE)
    origin = origin_of(override)
    value = parse_yaml(text, origin, lambda _: origin)
    _section(document, path, origin)[path[-1]] = value.value
    for key in [key for key in document.origins if key[: len(path)] == path]:
        del document.origins[key]
    document.origins[path] = origin


def origin_of(override: str) -> str:
    """How messages name an override: --set train.epochs=3; of one that holds a secret only its key."""
    key, _, value = override.partition("=")
    if secret_in(value, hook=True):
        override = f"{key}=…"
    return f"--set {override if override.isprintable() and len(override) <= 100 else shown(override)}"


def _section(document: Document, path: KeyPath, origin: str) -> dict[str, object]:
    section = document.value
    for depth in range(1, len(path)):
        assert isinstance(section, dict)
        if section.get(path[depth - 1]) is None:
            section[path[depth - 1]] = {}
            document.origins[path[:depth]] = origin
        section = section[path[depth - 1]]
        if not isinstance(section, dict):
            place, key = document.origins[path[:depth]], dotted(path[:depth])
            problem = f"{origin}: {key} is a value, so no key can be set below it"
            raise InputError(problem, received=f"{key}: {shown(section)} ({place})", expected="the key of a section")
    assert isinstance(section, dict)
    return section
