"""The gate as the registry knows it: judge, let a person speak where one is to, record, promote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.gate.approval import ask_person, with_approval
from operations.gate.judgement import GateInputs, judge
from operations.registry import registry
from operations.registry.lock import registry_lock
from recognition.gate.decision import GateDecision

if TYPE_CHECKING:
    from mlflow import MlflowClient


def pass_gate(client: MlflowClient, inputs: GateInputs, run: str) -> GateDecision:
    """Judge a candidate and do what follows; repeating it costs nothing.

    A person is asked with the registry's lock free, as nobody should wait for an answer; what was judged before is
    then looked up again, or judged anew where another champion came meanwhile.

    Args:
        client: A client from `tracking.connect`.
        inputs: The candidate, what is known of it, and the rules.
        run: The pipeline run that asks.

    Returns:
        The decision, as recorded.
    """
    decision = _settle(client, inputs, run)
    if decision.decision != "waiting":
        return decision
    answer = ask_person(decision, inputs.candidate)
    return decision if answer is None else _settle(client, inputs, run, answer)


def _settle(client: MlflowClient, inputs: GateInputs, run: str, answer: bool | None = None) -> GateDecision:
    candidate = inputs.candidate
    with registry_lock(client, candidate.name) as check:
        champion = registry.champion(client, candidate.name)
        judged = judge(client, inputs, champion, check)
        decision = with_approval(judged, inputs.config.promote, candidate, champion == candidate, answer)
        check()
        return registry.apply_decision(client, candidate, decision, run)
