"""The gate as the registry knows it: judge, let a person speak where one is to, record, promote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations import registry
from operations.consent import ask_person, with_consent
from operations.judgement import Evidence, judge
from operations.registry import RegisteredModel
from operations.registry_lock import registry_lock
from recognition.configuration.gate_section import GateConfig
from recognition.configuration.schema import EvaluationConfig
from recognition.gate.decision import GateDecision

if TYPE_CHECKING:
    from mlflow import MlflowClient


def pass_gate(
    client: MlflowClient,
    candidate: RegisteredModel,
    evidence: Evidence,
    config: GateConfig,
    scoring: EvaluationConfig,
    run: str,
) -> GateDecision:
    """Judge a candidate and do what follows; repeating it costs nothing.

    A person is asked with the registry's lock free, as nobody should wait for an answer; what was judged before is
    then looked up again, or judged anew where another champion came meanwhile.

    Args:
        client: A client from `tracking.connect`.
        candidate: The registered candidate.
        evidence: What is known of it.
        config: The gate's section of the configuration.
        scoring: The metric, and how many images a step takes when models predict.
        run: The pipeline run that asks.

    Returns:
        The decision, as recorded.
    """
    decision = _settle(client, candidate, evidence, config, scoring, run)
    if decision.decision != "waiting":
        return decision
    answer = ask_person(decision, candidate)
    return decision if answer is None else _settle(client, candidate, evidence, config, scoring, run, answer)


def _settle(
    client: MlflowClient,
    candidate: RegisteredModel,
    evidence: Evidence,
    config: GateConfig,
    scoring: EvaluationConfig,
    run: str,
    answer: bool | None = None,
) -> GateDecision:
    with registry_lock(client, candidate.name) as check:
        judged = judge(client, candidate, evidence, config, scoring, check)
        in_charge = registry.champion(client, candidate.name) == candidate
        decision = with_consent(judged, config.promote, candidate, in_charge, answer)
        check()
        return registry.apply_decision(client, candidate, decision, run)
