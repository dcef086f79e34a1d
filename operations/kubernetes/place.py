"""A cluster as a place for runs, which outlive the command that submitted them."""

from __future__ import annotations

from typing import Any

from operations.kubernetes.follow import follow
from operations.kubernetes.settings import configured
from operations.kubernetes.stack_check import require_stack
from operations.platform.target import Target
from recognition.configuration.schema import RunConfig


class KubernetesPlace:
    """The cluster of a stack; what its methods are for says `operations.runs.place.Place`.

    Args:
        stack: ZenML's stack.
        target: What it runs.
    """

    ends_with_command = False

    def __init__(self, stack: Any, target: Target) -> None:
        self._stack, self._target = stack, target

    def check(self, config: RunConfig) -> None:
        """Every part of the stack has to work, and give what the run asks for."""
        require_stack(self._stack, self._target, config)

    def configured(self, pipeline: Any, cached_steps: tuple[str, ...], config: RunConfig) -> Any:
        """With its images, pods and retries."""
        return configured(pipeline, cached_steps, config, self._target)

    def wait(self, run_name: str, config: RunConfig) -> None:
        """Watch its pods; errors as of `follow`."""
        follow(run_name, self._target, config.resources.pending_timeout)
