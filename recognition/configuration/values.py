"""The values that keys accept, beyond plain types: each with the words that messages describe it by."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from recognition.addresses import secret_in
from recognition.configuration.nearest import nearest

Share = Annotated[float, Field(gt=0, lt=1)]
BatchSize = Annotated[int, Field(ge=1, le=1_000_000)]
Digest = Annotated[
    str,
    Field(
        pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$",
        json_schema_extra={"words": "md5: and 32, or sha256: and 64 lower-case hexadecimal digits"},
    ),
]
Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        json_schema_extra={
            "words": "up to 100 letters, digits, dots, hyphens and underscores, a letter or digit first"
        },
    ),
]


Color = Annotated[
    str,
    Field(
        pattern=r"^#[0-9a-fA-F]{6}$",
        json_schema_extra={"words": 'a colour as "#" and six hexadecimal digits, in quotes'},
    ),
]
SIZES = "a number of pixels from 2 to 4096, or [height, width]"
WEIGHTS = "none, balanced, sqrt, or weights of 0 and more by class name"
STAGES = "shares of the steps by pixels a side, such as {20: 0.35, 28: 0.6}, both growing"
MOST_SEEDS = 100
SEEDS = "two to a hundred different seeds, such as [0, 1, 2]"
WAYS = "data.url may be env:VARIABLE, which holds it, and keys of storages belong into the environment"
COLUMN = "a column's name, or its number from 0"
LARGEST_SIDE = 4096  # pixels; a batch of larger images fits no memory


def without_secret(value: str) -> str:
    """A path or an address that may be stored.

    Args:
        value: Any text.

    Raises:
        ValueError: It holds a secret, which is not repeated.
    """
    if secret := secret_in(value):
        raise ValueError(f"an address that holds {secret} would be stored; {WAYS}")
    return value


def _image_size(value: Any) -> tuple[int, int]:
    sides = value if isinstance(value, list | tuple) else (value, value)
    if len(sides) == 2 and all(type(side) is int and 2 <= side <= LARGEST_SIDE for side in sides):
        return sides[0], sides[1]
    raise ValueError(f"received {shortened(value)}; expected {SIZES}")


def _class_weights(value: Any) -> str | dict[str, float]:
    if isinstance(value, str) and value in ("none", "balanced", "sqrt"):
        return value
    if isinstance(value, dict) and value and all(map(_is_weight, value.values())) and any(value.values()):
        return {str(name): float(weight) for name, weight in value.items()}
    near = nearest(value, ("none", "balanced", "sqrt")) if isinstance(value, str) else None
    raise ValueError(f"received {shortened(value)}; expected {WEIGHTS}" + (f"; did you mean {near}?" if near else ""))


def _column(value: Any) -> str | int:
    if (isinstance(value, str) and value.strip()) or (type(value) is int and value >= 0):
        return value
    raise ValueError(f"received {shortened(value)}; expected {COLUMN}")


def _stages(value: Any) -> dict[str, float]:
    """The share of the steps at which each size ends."""
    if isinstance(value, dict) and value and all(re.fullmatch(r"[1-9]\d{0,3}", str(size)) for size in value):
        stages = sorted((int(size), end) for size, end in value.items())
        ends = [end for _, end in stages]
        if all(type(end) is float and 0 < end < 1 for end in ends) and ends == sorted(set(ends)):
            return {str(size): end for size, end in stages}
    raise ValueError(f"received {shortened(value)}; expected {STAGES}")


def _seeds(value: Any) -> tuple[int, ...]:
    seeds = list(value) if isinstance(value, list | tuple) else []
    whole = all(type(seed) is int and 0 <= seed < 2**31 for seed in seeds)
    if whole and 2 <= len(set(seeds)) == len(seeds) <= MOST_SEEDS:
        return tuple(seeds)
    raise ValueError(f"received {shortened(value)}; expected {SEEDS}")


def _is_weight(value: Any) -> bool:
    return type(value) in (int, float) and value >= 0 and math.isfinite(value)


def shortened(value: Any) -> str:
    """A value as Python writes it, of limited length."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"


FilePath = Annotated[
    str,
    Field(pattern=r"^[^\x00]+$", max_length=4096, json_schema_extra={"words": "a path"}),
    AfterValidator(without_secret),
]
Url = Annotated[
    str,
    Field(
        pattern=r"^((https?|file)://\S+|env:[A-Za-z_][A-Za-z0-9_]*)$",
        json_schema_extra={"words": "an address that starts with http://, https:// or file://, or env:VARIABLE for it"},
    ),
    AfterValidator(without_secret),
]
ImageSize = Annotated[tuple[int, int], PlainValidator(_image_size), WithJsonSchema({"type": "array", "words": SIZES})]
ClassWeights = Annotated[
    str | dict[str, float], PlainValidator(_class_weights), WithJsonSchema({"type": "string", "words": WEIGHTS})
]

Sizes = Annotated[dict[str, float], PlainValidator(_stages), WithJsonSchema({"type": "string", "words": STAGES})]
Seeds = Annotated[tuple[int, ...], PlainValidator(_seeds), WithJsonSchema({"type": "array", "words": SEEDS})]
Column = Annotated[str | int, PlainValidator(_column), WithJsonSchema({"type": "string", "words": COLUMN})]
