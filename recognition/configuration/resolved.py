"""The resolved configuration: every key with the value that is used."""

from __future__ import annotations

import json

import yaml

from recognition.configuration.schema import RunConfig
from recognition.configuration.section import Section
from recognition.configuration.yaml_text import FLOAT, INTEGER

Scalar = str | int | float | bool | None


def to_yaml(config: RunConfig) -> str:
    """The configuration as YAML that `load_config` reads back to the same values.

    Args:
        config: A configuration.
    """
    return yaml.dump(config.model_dump(), Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def flatten(config: RunConfig) -> dict[str, Scalar]:
    """The configuration as one level of dotted keys, such as {"train.epochs": 3}; lists and mappings as JSON.

    Args:
        config: A configuration.
    """
    return _flatten(config, "")


def _flatten(section: Section, prefix: str) -> dict[str, Scalar]:
    flat: dict[str, Scalar] = {}
    for key in type(section).model_fields:
        value = getattr(section, key)
        if isinstance(value, Section):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            plain = value is None or isinstance(value, Scalar)
            flat[f"{prefix}{key}"] = value if plain else json.dumps(value, ensure_ascii=False)
    return flat


class _Dumper(yaml.SafeDumper):
    """Quotes text that our reader would take for a number, such as "1e3"."""


for _kind, _pattern in (("int", INTEGER), ("float", FLOAT)):
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", _pattern, list("-+.0123456789"))
