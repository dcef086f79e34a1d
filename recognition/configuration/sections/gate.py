"""Section `gate`: when a candidate becomes the champion; docs/gate.md argues for each default."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from recognition.configuration.section import Section


class GateConfig(Section):
    """When a candidate becomes the champion."""

    split: Literal["gate", "test"] | None = Field(
        None, description="the images that decide; null: those of data.gate where there are any, else test"
    )
    require: Literal["better", "not_worse"] = Field(
        "better",
        description="better: than the champion beyond chance; not_worse: beyond chance by less than the margin, "
        "and at least as good on these images",
    )
    margin: float = Field(
        0.01, gt=0, lt=1, description="how much worse still counts as not worse, and where classes come or go"
    )
    level: float = Field(
        0.05, gt=0, lt=0.5, description="chance of ever promoting wrongly in all decisions on the same images, at most"
    )
    half_spent: int = Field(
        10, ge=1, le=10_000, description="decisions on the same images that spend half of the level"
    )
    margin_over_chance: float = Field(0.02, ge=0, lt=1, description="asked of a first champion")
    incomparable: Literal["keep", "promote"] = Field(
        "keep", description="when the champion cannot answer for these images, or shares no class with the data"
    )
    promote: Literal["auto", "ask", "never"] = Field(
        "auto", description="ask: a person decides about what passed, on the terminal or later; never: only reports"
    )
    max_class_loss: float | None = Field(
        0.1, ge=0, lt=1, description="recall that a class may lose before that blocks, if it is beyond chance"
    )
    max_superclass_loss: float | None = Field(0.05, ge=0, lt=1, description="the same of a superclass")
    max_loss_increase: float | None = Field(
        0.05, ge=0, description="nats by which the loss, which tells of calibration, may rise, if beyond chance"
    )
    min_new_recall: float | None = Field(
        0.3, ge=0, le=1, description="recall of each class that the champion does not know"
    )
    data_change: Literal["ignore", "warn", "block"] = Field(
        "warn", description="when data are shifted or different against the champion's"
    )
    max_latency: float | None = Field(None, gt=0, description="milliseconds for an image alone, on this machine")
    max_latency_ratio: float | None = Field(None, gt=0, description="the same as a multiple of the champion's")
    max_size: float | None = Field(None, gt=0, description="megabytes of the model's file")
    max_size_ratio: float | None = Field(None, gt=0, description="the same as a multiple of the champion's")
