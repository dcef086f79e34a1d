"""The report's numbers as JSON, for programs."""

from __future__ import annotations

from typing import Any

from recognition.evaluation.evaluation import Evaluation
from recognition.gate import GateDecision
from recognition.prediction.rejection import EVERY_ANSWER, RejectionChoice, applied
from recognition.report.facts import RunFacts
from recognition.training.history import History


def report_numbers(
    evaluation: Evaluation,
    history: History,
    decision: GateDecision,
    facts: RunFacts,
    rejection: RejectionChoice = EVERY_ANSWER,
) -> dict[str, Any]:
    """Everything that the page says, for `metrics.json`; docs/report.md documents it field by field.

    Returns:
        JSON-serialisable; shares are fractions, losses nats, times seconds:

        * `facts`: the fields of `RunFacts`.
        * `metrics`: the fields of `Metrics` but `classes`.
        * `decision`: the fields of `GateDecision` and `lead` (candidate - champion; null without a champion).
        * `rejection`: the `target_error` that was asked for; the threshold found, with what it does to the `validation`
          images (the fields of `Rejection`) and to the `test` images (those of `CoveragePoint`), null without one.
        * `training`: the fields of `History`, its `epochs` being a list of the fields of `Epoch`.
        * `classes`: for each class, by index, the fields of `ClassMetrics`.
        * `confusion`: counts as a list of rows, rows true and columns predicted, by class index.
    """
    metrics = evaluation.metrics.model_dump(mode="json")
    classes = metrics.pop("classes")
    found = rejection.rejection
    return {
        "facts": facts.model_dump(mode="json"),
        "metrics": metrics,
        "decision": decision.model_dump(mode="json") | {"lead": decision.difference},
        "rejection": {
            "target_error": rejection.target_error,
            "validation": found and found.model_dump(mode="json"),
            "test": found and applied(found, evaluation.predictions).model_dump(mode="json"),
        },
        "training": history.model_dump(mode="json"),
        "classes": classes,
        "confusion": evaluation.confusion.tolist(),
    }
