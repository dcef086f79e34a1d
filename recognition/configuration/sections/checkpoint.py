"""Section `checkpoint`: when a training writes down its state."""

from __future__ import annotations

from pydantic import Field

from recognition.configuration.section import Section


class CheckpointConfig(Section):
    """When a training writes down its state, besides at the end of each epoch."""

    every_seconds: int = Field(300, ge=1, le=86_400, description="within an epoch that takes longer")
