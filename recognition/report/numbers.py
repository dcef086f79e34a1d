"""The report's numbers as JSON, for programs."""

from __future__ import annotations

from typing import Any

from recognition.evaluation.evaluation import Evaluation
from recognition.gate import GateDecision
from recognition.report.facts import RunFacts
from recognition.training.history import History


def report_numbers(evaluation: Evaluation, history: History, decision: GateDecision, facts: RunFacts) -> dict[str, Any]:
    """Everything that the page says, for `metrics.json`; docs/report.md documents it field by field.

    Returns:
        JSON-serialisable; shares are fractions, losses nats, times seconds:

        * `facts`: the fields of `RunFacts`.
        * `metrics`: the fields of `Metrics` but `classes`.
        * `decision`: the fields of `GateDecision` and `lead` (candidate - champion; null without a champion).
        * `training`: the fields of `History`, its `epochs` being a list of the fields of `Epoch`.
        * `classes`: for each class, by index, the fields of `ClassMetrics`.
        * `confusion`: counts as a list of rows, rows true and columns predicted, by class index.
    """
    metrics = evaluation.metrics.model_dump(mode="json")
    classes = metrics.pop("classes")
    return {
        "facts": facts.model_dump(mode="json"),
        "metrics": metrics,
        "decision": decision.model_dump(mode="json") | {"lead": lead(decision)},
        "training": history.model_dump(mode="json"),
        "classes": classes,
        "confusion": evaluation.confusion.tolist(),
    }


def lead(decision: GateDecision) -> float | None:
    """By how much the candidate's metric exceeds the champion's; None without a champion."""
    if decision.candidate is None or decision.champion is None:
        return None
    return decision.candidate - decision.champion
