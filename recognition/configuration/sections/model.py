"""Section `model`: the registered model."""

from __future__ import annotations

from pydantic import Field

from recognition.configuration.section import Section
from recognition.configuration.values import Name


class ModelConfig(Section):
    """The registered model."""

    name: Name = Field("cifar100", description="its name in the registries")
