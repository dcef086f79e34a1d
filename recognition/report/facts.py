"""What a report says of the run besides the evaluation: where model and data come from."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class RunFacts(BaseModel):
    """Facts of a run, as the report's head shows them; None where something does not apply.

    `date` is when the model's version was registered, with a time zone.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    model_version: str
    registry_version: str
    recipe: str
    data: str
    data_digest: str
    fallback: bool
    images: dict[str, int]
    image_shape: tuple[int, int, int]
    commit: str | None
    date: datetime | None = None
