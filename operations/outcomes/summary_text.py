"""A run's summary as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from operations.platform.console import count, render_lines
from recognition.data.change import DataChange
from recognition.evaluation.score import in_words


def render_refusal(summary: Mapping[str, Any], remedy: str) -> str:
    """The summary of a refused retraining as a person reads it.

    Args:
        summary: From `build_refusal`.
        remedy: What to do.
    """
    head = f"{summary['data']['name']}, {summary['run']['name']}, {summary['run']['seconds']:.0f} s"
    return render_lines(head, [*_retrain(summary), ("to mend", remedy), ("report", summary["report"])])


def render_summary(summary: Mapping[str, Any]) -> str:
    """The summary as a person reads it."""
    test, train, model, gate, data = (summary[key] for key in ("test", "train", "model", "gate", "data"))
    rejection = summary["rejection"]
    lines = [
        ("accuracy", f"{test['accuracy']:.2%} of {test['images']:,} test images (validation {_validation(summary)})"),
        *_in_charge(summary),
        ("loss", f"{test['loss']:.4f}"),
        ("top-5", f"{test['top5']:.2%}"),
        ("superclass", "-" if test["superclass_accuracy"] is None else f"{test['superclass_accuracy']:.2%}"),
        (
            "training",
            f"{count(train['epochs'], 'epoch')}, best {train['best_epoch']}, {train['seconds']:.0f} s, {_speed(train)}",
        ),
        *_repeats(train),
        ("data", _change(summary["change"])),
        *_retrain(summary),
        ("cached", cached_steps(summary)),
        ("champion", _champion(gate)),
        ("decision", f"{gate['decision']}: {gate['reason']}"),
        *_guards(gate),
        ("model", f"{model['name']} version {model['zenml_version']}, MLflow {model['mlflow_version']}"),
        *([("rejection", rejection["in_words"])] if rejection["target_error"] is not None else []),
        ("report", summary["report"]),
        ("dashboard", summary["run"]["dashboard"] or "make dashboard"),
    ]
    head = f"{data['name']}, {summary['run']['name']}, {summary['run']['seconds']:.0f} s"
    return render_lines(head, lines)


def cached_steps(summary: Mapping[str, Any]) -> str:
    """Names of the steps that were taken from the cache."""
    return ", ".join(name for name, step in summary["steps"].items() if step["cached"]) or "nothing"


def _retrain(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Whether a retraining found anything new."""
    facts = summary["retrain"]
    return [("retrain", f"{facts['outcome']}: {facts['reason']}")] if facts["outcome"] else []


def _change(change: Mapping[str, Any]) -> str:
    return DataChange(**change).in_words()


def _validation(summary: Mapping[str, Any]) -> str:
    return f"{summary['validation']['accuracy']:.2%}"


def _in_charge(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The metric that decided, where it is not accuracy."""
    metric = summary["train"]["metric"]
    if metric == "accuracy":
        return []
    test, validation = summary["test"][metric], summary["validation"]["score"]
    return [(in_words(metric), f"{test:.2%} (validation {validation:.2%})")]


def _repeats(train: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What all trainings of the recipe reached, where there were several."""
    if not train["repeats"]:
        return []
    names = ", ".join(repeat["name"] for repeat in train["repeats"])
    reached = (
        f"validation {in_words(train['metric'])} {train['mean']:.2%} ± {train['interval']:.2%} (95 %, Student's t)"
    )
    return [("repeats", f"{reached} over {names}; the model is the first one's")]


def _champion(gate: Mapping[str, Any]) -> str:
    if gate["champion"] is None:
        return "none to compare with"
    metric = "" if gate["metric"] == "accuracy" else f"{in_words(gate['metric'])} "
    return f"{metric}{gate['champion']:.2%} on the same images"


def _guards(gate: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the gate's guards said, where there were any."""
    told = ", ".join(f"{guard['name']} {guard['verdict']}" for guard in gate["guards"])
    return [("guards", told)] if told else []


def _speed(train: Mapping[str, Any]) -> str:
    return f"{train['images_per_second']:.0f} images/s on {train['device']} in {train['precision']}"
