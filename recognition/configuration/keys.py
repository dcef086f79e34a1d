"""Every key of a configuration: what it accepts in words, its default and its description."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recognition.configuration.nearest import nearest
from recognition.configuration.schema import RunConfig
from recognition.configuration.wording import KeyPath

ELSEWHERE = 0.75  # likeness asked of a key of another section, of which there are many
_Schema = Mapping[str, Any]
_TYPES = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "text"}
_LIMITS = {
    "minimum": "of at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


@dataclass(frozen=True)
class Key:
    """A key or a section.

    Attributes:
        path: Its path, such as ("train", "epochs").
        expected: What it accepts, in words.
        default: Its default; for a section None.
        nullable: Whether it accepts null.
        required: Whether it has to be given.
        description: What it means.
        choices: The texts that it accepts, where they can be counted.
        children: For a section, the names of its keys.
    """

    path: KeyPath
    expected: str
    default: object
    nullable: bool
    required: bool
    description: str
    choices: tuple[str, ...]
    children: tuple[str, ...]


@functools.cache
def all_keys() -> Mapping[KeyPath, Key]:
    """Every key and section by its path, in the order of the schema; the whole is ()."""
    schema = RunConfig.model_json_schema()
    return {key.path: key for key in _walk((), schema, schema["$defs"], required=False)}


def suggest(path: KeyPath) -> str:
    """The valid keys nearest to an unknown one, such as "train.epochs"; empty if none is near.

    A key of the same name elsewhere comes first, then a similar name in its own section, then one elsewhere.

    Args:
        path: The unknown key's path.
    """
    *section, name = path
    keys = [path for path in all_keys() if path]
    if same := [key for key in keys if key[-1] == name]:
        depth = min(map(len, same))
        return " or ".join(".".join(key) for key in same if len(key) == depth)
    if near := nearest(name, all_keys()[tuple(section)].children):
        return ".".join((*section, near))
    near = nearest(name, [key[-1] for key in keys], ELSEWHERE)
    return suggest((*section, near)) if near else ""


def _walk(path: KeyPath, schema: _Schema, definitions: Mapping[str, _Schema], *, required: bool) -> Iterator[Key]:
    content, nullable = _resolve(schema, definitions)
    properties = content.get("properties", {})
    yield Key(
        path=path,
        expected=_expected(content) + (", or null" if nullable else ""),
        default=None if properties else schema.get("default"),
        nullable=nullable,
        required=required,
        description=schema.get("description") or content.get("description", ""),
        choices=_choices(content),
        children=tuple(properties),
    )
    for name, child in properties.items():
        yield from _walk((*path, name), child, definitions, required=name in content.get("required", ()))


def _resolve(schema: _Schema, definitions: Mapping[str, _Schema]) -> tuple[_Schema, bool]:
    nullable = "anyOf" in schema
    content = schema["anyOf"][0] if nullable else schema
    reference = content.get("$ref", "").removeprefix("#/$defs/")
    return (definitions[reference] if reference else content), nullable


def _expected(schema: _Schema) -> str:
    if properties := schema.get("properties"):
        return f"a section with keys such as {', '.join(list(properties)[:3])}"
    if choices := _choices(schema):
        return f"one of {', '.join(choices)}" if len(choices) > 1 else choices[0]
    return str(schema.get("words") or f"{_TYPES[schema['type']]} {_range(schema)}".strip())


def _choices(schema: _Schema) -> tuple[str, ...]:
    return tuple(map(str, schema.get("enum", [schema["const"]] if "const" in schema else [])))


def _range(schema: _Schema) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f"from {schema['minimum']} to {schema['maximum']}"
    return " and ".join(f"{words} {schema[name]}" for name, words in _LIMITS.items() if name in schema)
