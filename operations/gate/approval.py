"""Who has the last word about a candidate that passed the gate: the gate, a person, or nobody."""

from __future__ import annotations

import sys
from typing import Literal

from operations.registry.registered_model import RegisteredModel
from recognition.gate.decision import GateDecision

Promote = Literal["auto", "ask", "never"]
YES = ("y", "yes")


def with_approval(
    decision: GateDecision, promote: Promote, model: RegisteredModel, in_charge: bool, answer: bool | None = None
) -> GateDecision:
    """What follows from a decision; one that did not pass stays as it is.

    Args:
        decision: A new one, or one that was recorded, of which only the finding counts.
        promote: The setting `gate.promote`.
        model: The candidate.
        in_charge: Whether it is the champion already.
        answer: What a person said; None where nobody was asked.
    """
    if not decision.passed:
        return decision
    if promote == "auto" or in_charge:
        return decision.model_copy(update={"decision": "promoted", "reason": decision.finding})
    command = promotion_command(model)
    if promote == "never":
        return _changed(decision, "kept", f"it passed, but gate.promote is never; to promote it: {command}")
    if answer is None:
        return _changed(decision, "waiting", f"it passed, and waits for a person: {command}")
    if answer:
        return _changed(decision, "promoted", "a person agreed")
    return _changed(decision, "kept", f"it passed, but a person declined; to promote it later: {command}")


def promotion_command(model: RegisteredModel) -> str:
    """The command with which a person promotes a version."""
    return f'python run_pipeline.py models promote {model.name}/{model.mlflow_version} --reason "…"'


def ask_person(decision: GateDecision, model: RegisteredModel) -> bool | None:
    """Ask on the terminal whether to promote; no is what an empty line says.

    Args:
        decision: Which waits.
        model: The candidate.

    Returns:
        The answer; None where there is no terminal on which someone could give it.
    """
    if sys.stdin is None or sys.__stdout__ is None or not (sys.stdin.isatty() and sys.__stdout__.isatty()):
        return None
    sys.__stdout__.write(
        f"\n{decision.finding}\npromote {model.name} version {model.mlflow_version} to champion? [y/N] "
    )
    sys.__stdout__.flush()
    return sys.stdin.readline().strip().lower() in YES


def _changed(decision: GateDecision, outcome: Literal["promoted", "kept", "waiting"], why: str) -> GateDecision:
    return decision.model_copy(update={"decision": outcome, "reason": f"{decision.finding}; {why}"})
