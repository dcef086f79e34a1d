"""Section `evaluation`: how a model is scored."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from recognition.configuration.section import Section
from recognition.configuration.values import BatchSize


class EvaluationConfig(Section):
    """How a model is scored."""

    metric: Literal["accuracy", "balanced_accuracy", "macro_f1"] = Field(
        "accuracy", description="decides the best epoch, when training stops, and the gate"
    )
    batch_size: BatchSize | None = Field(
        None, description="images in a step, null: 500 of 32x32, fewer of larger; changes the time, not the score"
    )
