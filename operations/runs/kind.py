"""What tells one kind of run from another; what all have in common is in execution.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from operations.runs.job import Job
from recognition.training.retraining import RetrainingRefused

AnyJob = TypeVar("AnyJob", bound=Job)
Results = TypeVar("Results")
Record = tuple[Mapping[str, Any], Mapping[str, bytes]]


class Ending(NamedTuple):
    """How a run ended: its summary as JSON and as a person reads it, and the command's exit status."""

    summary: Mapping[str, Any]
    message: str
    status: int = 0


@dataclass(frozen=True)
class Kind(Generic[AnyJob, Results]):
    """One kind of run. How it is checked and described, its job knows, which is made before ZenML is imported.

    Attributes:
        pipeline: ZenML's.
        cached_steps: Names of its steps that take a hash of their code.
        load: What a run has left behind, from ZenML's record of it.
        record: What of that both records of the run tell, by name, and the files that MLflow's keeps, by name.
        publish: Puts it where people look for it.
        refuse: The same for a run whose data may not be trained on; None where that cannot be.
    """

    pipeline: Any
    cached_steps: tuple[str, ...]
    load: Callable[[AnyJob, Any], Results]
    record: Callable[[AnyJob, Results], Record]
    publish: Callable[[AnyJob, Results], Ending]
    refuse: Callable[[AnyJob, RetrainingRefused], Ending] | None = None
