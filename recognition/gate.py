"""The gate: does a candidate become the champion?"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class GateDecision(BaseModel):
    """A decision with its numbers and its reason in words.

    `candidate` and `champion` are values of `metric` on the same `images`; `champion` is None where there is none
    or where it cannot be compared. `excluded` images were left out because a model was trained or selected on them.
    """

    model_config = ConfigDict(frozen=True)

    decision: Literal["promoted", "kept"]
    reason: str
    metric: str
    candidate: float
    champion: float | None
    champion_version: str | None
    images: int
    excluded: int
