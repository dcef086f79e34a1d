"""The gate as the registry knows it: judge, let a person speak where one is to, record, promote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.gate.consent import ask_person, with_consent
from operations.gate.judgement import Case, judge
from operations.registry import registry
from operations.registry.lock import registry_lock
from recognition.gate.decision import GateDecision

if TYPE_CHECKING:
    from mlflow import MlflowClient


def pass_gate(client: MlflowClient, case: Case, run: str) -> GateDecision:
    """Judge a candidate and do what follows; repeating it costs nothing.

    A person is asked with the registry's lock free, as nobody should wait for an answer; what was judged before is
    then looked up again, or judged anew where another champion came meanwhile.

    Args:
        client: A client from `tracking.connect`.
        case: The candidate, what is known of it, and the rules.
        run: The pipeline run that asks.

    Returns:
        The decision, as recorded.
    """
    decision = _settle(client, case, run)
    if decision.decision != "waiting":
        return decision
    answer = ask_person(decision, case.candidate)
    return decision if answer is None else _settle(client, case, run, answer)


def _settle(client: MlflowClient, case: Case, run: str, answer: bool | None = None) -> GateDecision:
    candidate = case.candidate
    with registry_lock(client, candidate.name) as check:
        champion = registry.champion(client, candidate.name)
        judged = judge(client, case, champion, check)
        decision = with_consent(judged, case.config.promote, candidate, champion == candidate, answer)
        check()
        return registry.apply_decision(client, candidate, decision, run)
