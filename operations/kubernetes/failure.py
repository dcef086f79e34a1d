"""The error of a run on a cluster that did not succeed, made of what ZenML, its pods and their logs tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recognition.errors import RecognitionError
from recognition.training.retraining import RetrainingRefused

LAST_LINES = 10  # of the log of a step that failed
MESSAGE_PARTS = ("received", "expected", "to mend")


class RunFailed(RecognitionError):  # noqa: N818
    """A run on a cluster did not succeed: exit status 1."""


def failure(run: Any, logs: Mapping[str, Sequence[str]], reasons: Mapping[str, str]) -> RecognitionError:
    """The error of a run that did not succeed: what its failed step said last.

    Args:
        run: ZenML's record of it.
        logs: Lines of each step's log, as far as they were read.
        reasons: Why steps failed, by step's name, as far as their Jobs and pods tell.
    """
    failed = [name for name, step in run.steps.items() if step.status.value == "failed"]
    failed += filter(None, reasons)  # ZenML calls a step "retrying" whose last pod never began
    if not failed:
        return RunFailed(f"the run is {run.status.value}", received=run.status_reason or "", remedy=_logs_remedy(run))
    name = failed[0]
    info = run.steps[name].exception_info if name in run.steps else None
    if info is not None and (info.source or "").endswith(RetrainingRefused.__name__):
        return _refusal(info.message or "")
    last = [f"    {line}" for line in without_frames(logs.get(name, []))[-LAST_LINES:]]
    told = reasons.get(name) or ((info and info.message) or "").partition("\n")[0]
    return RunFailed("\n".join([f"step {name} failed", *last]), received=told, remedy=_logs_remedy(run))


def without_frames(lines: Sequence[str]) -> list[str]:
    """A log whose tracebacks are reduced to the error that each ends with."""
    kept, margin = [], None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith("Traceback (most recent call last)"):
            margin = indent
        elif margin is None or indent <= margin:
            margin = None
            kept.append(line)
    return kept


def _refusal(message: str) -> RetrainingRefused:
    """What a step raised in its pod, made again of its message."""
    problem, *lines = message.splitlines() or [""]
    parts = dict(line.strip().split(": ", 1) for line in lines if ": " in line)
    received, expected, remedy = (parts.get(name, "") for name in MESSAGE_PARTS)
    return RetrainingRefused(problem, received=received, expected=expected, remedy=remedy)


def _logs_remedy(run: Any) -> str:
    return (
        f"zenml pipeline runs logs {run.id} shows all of its log, as the dashboard does; "
        "run_pipeline.py stack check tells whether servers and bucket work"
    )
