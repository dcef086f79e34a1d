"""What ZenML freezes where runs go on without this machine: on a schedule, or in a file for Kubeflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recognition.configuration.schema import RunConfig


@dataclass(frozen=True)
class Snapshot:
    """A pipeline and what it is called with.

    Attributes:
        pipeline: ZenML's pipeline.
        config: The configuration.
        code: Hash of the code behind each cached step, by the step's name, and of the "initial weights".
        recipe: Name of the configuration file, without its suffix.
        commit: The code's commit, where there is one.
    """

    pipeline: Any
    config: RunConfig
    code: Mapping[str, str]
    recipe: str
    commit: str | None

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What the pipeline is called with; a schedule never uses the fallback data set, nor does a command wait."""
        return self.config, dict(self.code), self.recipe, self.commit, False, True
