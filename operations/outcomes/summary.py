"""The summary of a run: what scripts read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from operations.outcomes.results import Results, load_outputs
from operations.registry import registry
from operations.registry.registered_model import RegisteredModel
from operations.tracking import connection, runs
from operations.tracking.logged_model import KERAS_FILE
from operations.tracking.model_files import place_of
from operations.training.retraining import refused_facts, retrain_facts
from recognition.data.change import DataChange
from recognition.data.dataset import ImageDataset
from recognition.gate import GateDecision
from recognition.prediction.rejection import RejectionChoice

SCHEMA = 1


def build_summary(
    results: Results, recipe: str, commit: str | None, fallback: bool, report: Path | str
) -> dict[str, Any]:
    """The summary that `--summary` writes; docs/summary.md documents it.

    Args:
        results: What the run left behind.
        recipe: Name of the configuration.
        commit: The code's commit, where there is one.
        fallback: Whether the images were the fallback's.
        report: Where the report lies.
    """
    run, history, metrics, decision = results.run, results.history, results.metrics, results.decision
    return {
        "schema": SCHEMA,
        "run": run_facts(run, commit),
        "data": data_facts(results.dataset, fallback),
        "change": change_facts(results.change),
        "retrain": retrain_facts(run, results.change),
        "train": {
            "recipe": recipe,
            **history.model_dump(include={"network", "parameters", "device", "precision", "seed", "resumed_from"}),
            **history.model_dump(include={"metric", "best_epoch", "seconds", "images_per_second"}),
            "epochs": len(history.epochs),
            "repeats": [repeat.model_dump() for repeat in history.repeats],
            "mean": history.spread and history.spread[0],
            "interval": history.spread and history.spread[1],
        },
        "validation": {
            "accuracy": history.best.validation_accuracy,
            "loss": history.best.validation_loss,
            "score": history.best.validation_score,
        },
        "test": metrics.numbers(),
        "model": _model(results.registered),
        "gate": _gate(decision),
        "rejection": _rejection(results.rejection),
        "report": str(report),
        "steps": step_facts(run),
    }


def build_refusal(run: Any, reason: str, commit: str | None, fallback: bool, report: Path | str) -> dict[str, Any]:
    """The summary of a retraining that was refused: what was known by then.

    Args:
        run: ZenML's record of the run, hydrated.
        reason: Why it was refused.
        commit: The code's commit, where there is one.
        fallback: Whether the images were the fallback's.
        report: Where the data report lies.
    """
    dataset, change = load_outputs(run, "dataset", "data_change")
    return {
        "schema": SCHEMA,
        "run": run_facts(run, commit),
        "data": data_facts(dataset, fallback),
        "change": change_facts(change),
        "retrain": refused_facts(reason),
        "report": str(report),
        "steps": step_facts(run),
    }


def change_facts(change: DataChange) -> dict[str, Any]:
    """Section `change` of a summary."""
    return change.model_dump(include={"verdict", "reason", "version"})


def _rejection(choice: RejectionChoice) -> dict[str, Any]:
    fields = ("threshold", "error", "coverage")
    found = {field: getattr(choice.rejection, field, None) for field in fields}
    return {"target_error": choice.target_error, **found, "in_words": choice.in_words()}


def run_facts(run: Any, commit: str | None) -> dict[str, Any]:
    """Section `run` of a summary."""
    facts = {"name": run.name, "id": str(run.id), "seconds": _seconds(run), "stack": run.stack.name}
    return {**facts, "commit": commit, "dashboard": runs.page_of(run)}


def data_facts(dataset: ImageDataset, fallback: bool) -> dict[str, Any]:
    """Section `data` of a summary."""
    sizes = {name: len(split) for name, split in dataset.splits.items()}
    return {
        "name": dataset.name,
        "digest": dataset.digest,
        "fallback": fallback,
        **sizes,
        "classes": len(dataset.classes),
    }


def _gate(decision: GateDecision) -> dict[str, Any]:
    facts = decision.model_dump(mode="json", exclude={"basis", "finding"})
    return {**facts, "difference": decision.difference}


def _model(registered: RegisteredModel) -> dict[str, Any]:
    client = connection.connect()
    return {
        "name": registered.name,
        "zenml_version": registered.zenml_version,
        "mlflow_version": registered.mlflow_version,
        "aliases": registry.aliases(client, registered),
        "path": place_of(registered.uri, KERAS_FILE),
    }


def step_facts(run: Any) -> dict[str, dict[str, Any]]:
    """Section `steps` of a summary."""
    return {name: _step(step) for name, step in run.steps.items()}


def _step(step: Any) -> dict[str, Any]:
    cached = step.status.value == "cached"
    return {"cached": cached, "seconds": 0.0 if cached else _seconds(step)}


def _seconds(record: Any) -> float:
    if record.start_time is None or record.end_time is None:
        return 0.0
    seconds: float = (record.end_time - record.start_time).total_seconds()
    return round(seconds, 3)
