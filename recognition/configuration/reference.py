"""The reference of every key, made from the schema: `python -m recognition.configuration.reference`."""

from __future__ import annotations

import sys

from recognition.configuration.keys import Key, all_keys
from recognition.configuration.wording import dotted, shown

_INTRODUCTION = """\
# Configuration

Every key of the YAML file that `run_pipeline.py --config` names. Each key and each section may be left out and then has
its default, except where the table says *required*. An unknown key, a wrong type, a value out of range and two keys
that contradict each other are errors, told with their lines before any work starts. `--set train.epochs=3` replaces a
single value, `--set data.fallback=null` removes a section, and a later `--set` wins.

Plain values follow YAML 1.2: only `true` and `false` are truth values, `1e-3` is a number, and there are no tags,
anchors or aliases.

This page is made by `python -m recognition.configuration.reference > docs/configuration.md`.
"""
_HEAD = "| key | value | default | meaning |\n|---|---|---|---|"


def describe() -> str:
    """The reference as Markdown: one table a section, one row a key."""
    sections = [key for key in all_keys().values() if key.children and key.path]
    return "\n".join([_INTRODUCTION, *map(_section, sections)])


def _section(section: Key) -> str:
    rows = [_row(all_keys()[(*section.path, name)]) for name in section.children]
    return "\n".join([f"## {dotted(section.path)}", "", section.description, "", _HEAD, *rows, ""])


def _row(key: Key) -> str:
    value = _section_link(key) if key.children else key.expected
    return f"| `{dotted(key.path)}` | {value} | {_default(key)} | {key.description} |"


def _section_link(key: Key) -> str:
    anchor = "".join(key.path).lower()
    return f"[section](#{anchor})" + (", or null" if key.nullable else "")


def _default(key: Key) -> str:
    if key.required:
        return "*required*"
    if key.children and not key.nullable:
        return "its keys' defaults"
    return f"`{key.default if isinstance(key.default, str) else shown(key.default)}`"


if __name__ == "__main__":
    sys.stdout.write(describe())
