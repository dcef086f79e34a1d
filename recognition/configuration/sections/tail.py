"""Section `train.tail`: more epochs for a finished training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from recognition.configuration.section import Section
from recognition.configuration.values import Name


class TailConfig(Section):
    """More epochs for a finished training, as `run_pipeline.py extend` writes it."""

    after: Name = Field(description="name of the finished run")
    epochs: int = Field(ge=1, le=10_000, description="how many more")
    schedule: Literal["constant", "one_cycle", "cosine"] = Field("cosine", description="learning rate over their steps")
    learning_rate: float | None = Field(None, gt=0, description="its highest; null: a tenth of train.learning_rate")
