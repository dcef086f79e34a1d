"""Where runs take place: here, in the command's own process, or where the active stack sends them."""

from __future__ import annotations

from typing import Any, Protocol

from operations.platform.target import active_target
from recognition.configuration.schema import RunConfig
from recognition.errors import InputError
from recognition.training.device import check_requested
from recognition.training.distribution import CLUSTER_VARIABLE, requested_cluster


class Place(Protocol):
    """Somewhere that runs take place.

    Attributes:
        ends_with_command: Whether a run ends where the command that submitted it does.
    """

    ends_with_command: bool

    def check(self, config: RunConfig) -> None:
        """Raise InputError, before anything is submitted, unless a run can have what it asks for."""

    def configured(self, pipeline: Any, cached_steps: tuple[str, ...], config: RunConfig) -> Any:
        """The pipeline with what it asks of this place."""

    def wait(self, run_name: str, config: RunConfig) -> None:
        """Wait for a submitted run's end; raise what it failed with, or `Left` where it goes on without us."""


class Here:
    """The machine of the command."""

    ends_with_command = True

    def check(self, config: RunConfig) -> None:
        """No GPU may be missing, and nobody starts further workers."""
        if config.resources.gpus:
            check_requested(config.train.device)
        if config.train.workers > 1 and requested_cluster() is None:
            raise InputError(
                "only a stack on Kubernetes starts the workers of a training",
                received=f"train.workers: {config.train.workers}",
                expected=f"such a stack, or the workers' addresses in {CLUSTER_VARIABLE}",
                remedy="--set train.workers=1, or docs/gpu.md for workers that are started by hand",
            )

    def configured(self, pipeline: Any, cached_steps: tuple[str, ...], config: RunConfig) -> Any:
        """As it is: there is one machine, and the run gets it."""
        return pipeline

    def wait(self, run_name: str, config: RunConfig) -> None:
        """ZenML has waited already."""


def active_place() -> Place:
    """That of ZenML's active stack.

    Raises:
        InputError: As of `target_of`.
    """
    target = active_target()
    if target is None:
        return Here()
    from zenml.client import Client

    from operations.kubernetes.place import KubernetesPlace

    return KubernetesPlace(Client().active_stack, target)
