"""What an orchestrator has to be able to do for the verbs of schedule, and which orchestrators can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.schedule import ScheduleConfig
from recognition.errors import InputError

NEVER = "0 0 31 2 *"  # 31 February: the cron expression of a schedule that is not to fire yet


@dataclass(frozen=True)
class Snapshot:
    """What ZenML freezes: a pipeline and what it is called with.

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


class Scheduler(Protocol):
    """An orchestrator's schedules; rows are ZenML's `ScheduleResponse`, hydrated.

    Attributes:
        orchestrator: ZenML's id of the orchestrator; only its schedules are touched.
    """

    orchestrator: UUID

    def image(self) -> str:
        """What identifies the image that a snapshot made now would run."""

    def create(self, name: str, snapshot: Snapshot) -> UUID:
        """Freeze a snapshot under a schedule of this name whose cron is NEVER; ZenML's id of its row."""

    def patch(self, row: Any, timing: ScheduleConfig, suspended: bool) -> None:
        """Set cron, zone, overlap policy, deadline and suspension of a schedule, all at once; runs go on."""

    def remove(self, row: Any) -> None:
        """Remove a schedule once its last run has ended; one that is gone is no error."""

    def start(self, row: Any) -> str:
        """Start one run of a schedule's snapshot now; a name to look for it by."""


def _on_kubernetes(stack: Any) -> Scheduler:
    from operations.kubernetes.scheduler import KubernetesScheduler  # imports what a laptop may not have

    return KubernetesScheduler(stack)


# by flavour of orchestrator, each called with ZenML's stack
SCHEDULERS: dict[str, Callable[[Any], Scheduler]] = {"kubernetes": _on_kubernetes}


def scheduler_of(stack: Any) -> Scheduler:
    """The scheduler of a stack.

    Args:
        stack: A ZenML stack.

    Raises:
        InputError: If its orchestrator is none that we know to schedule with.
    """
    flavor = stack.orchestrator.flavor
    if flavor in SCHEDULERS:
        return SCHEDULERS[flavor](stack)
    can = f"with an orchestrator that does: {', '.join(sorted(SCHEDULERS))}" if SCHEDULERS else "that does"
    raise InputError(
        "this stack does not schedule runs",
        received=f"stack {stack.name} with its {flavor} orchestrator",
        expected=f"a stack {can}",
        remedy="let this machine's own scheduler do it: schedule apply prints a crontab line and a systemd timer",
    )
