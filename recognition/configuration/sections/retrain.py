"""Section `retrain`: what a run does that comes back again and again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from recognition.configuration.nearest import nearest
from recognition.configuration.section import Section
from recognition.configuration.values import shortened

CHANGES = ("similar", "shifted", "different")
WORDS = "a list of different ones of similar, shifted and different, or an empty one"


def _changes(value: Any) -> tuple[str, ...]:
    names = list(value) if isinstance(value, list | tuple) else None
    if names is not None and all(names.count(name) == 1 and name in CHANGES for name in names):
        return tuple(name for name in CHANGES if name in names)
    near = [nearest(str(name), CHANGES) for name in names or [value] if name not in CHANGES]
    hint = f"; did you mean {near[0]}?" if near and near[0] else ""
    raise ValueError(f"received {shortened(value)}; expected {WORDS}{hint}")


Changes = Annotated[tuple[str, ...], PlainValidator(_changes), WithJsonSchema({"type": "array", "words": WORDS})]


class RetrainConfig(Section):
    """A run that is repeated, by a person or a schedule, and trains only where there is something new."""

    init: Literal["fresh", "champion"] = Field(
        "fresh", description="weights to begin with: as section train says, or those of the model's champion"
    )
    on_change: Changes = Field(
        ("similar", "shifted"),
        description="how far data may differ from the champion's to be trained on; equal ones, and the first, always",
    )
    force: bool = Field(
        False, description="train even where nothing is new: with the next seed that these data were not trained with"
    )
