"""The summary of a run: JSON for scripts, a page of text for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations import model_store, registry, tracking
from operations.console import count, render_lines
from operations.environment import data_cache
from operations.registry import RegisteredModel
from operations.retraining import refused_facts, retrain_facts
from operations.runs import outputs_of
from recognition.configuration.schema import DataConfig
from recognition.data.change import DataChange
from recognition.data.dataset import ImageDataset
from recognition.evaluation.evaluation import Evaluation, Metrics
from recognition.evaluation.score import in_words
from recognition.gate import GateDecision
from recognition.prediction.rejection import RejectionChoice
from recognition.report.error_files import copy_errors
from recognition.training.history import History

SCHEMA = 1
ARTIFACTS = (
    *("dataset", "data_change", "data_report", "history", "evaluation"),
    *("registered_model", "rejection", "decision", "report", "metrics", "label_suspects"),
)
PAGE, DATA_PAGE = "report.html", "data.html"


@dataclass(frozen=True)
class Results:
    """What a finished run left behind.

    Attributes:
        run: ZenML's record of the run.
        dataset: The data, memory-mapped.
        change: The data against the champion's.
        history: The training.
        evaluation: Test predictions and metrics.
        registered: The model version.
        rejection: From which probability on the model answers.
        decision: The gate's decision.
        files: What people and programs look at, by file name: the pages, the numbers, the predictions.
    """

    run: Any
    dataset: ImageDataset
    change: DataChange
    history: History
    evaluation: Evaluation
    registered: RegisteredModel
    rejection: RejectionChoice
    decision: GateDecision
    files: Mapping[str, bytes]

    @property
    def metrics(self) -> Metrics:
        """The test metrics."""
        return self.evaluation.metrics


def load_outputs(run: Any, *names: str) -> tuple[Any, ...]:
    """Load artifacts of a finished run.

    Args:
        run: ZenML's record of the run, hydrated.
        names: The artifacts' names.
    """
    outputs = outputs_of(run)
    return tuple(outputs[name].load() for name in names)


def load_results(run: Any) -> Results:
    """Load the artifacts of a finished run.

    Args:
        run: ZenML's record of the run, hydrated.
    """
    loaded = dict(zip(ARTIFACTS, load_outputs(run, *ARTIFACTS), strict=True))
    texts = {
        PAGE: loaded["report"],
        "metrics.json": loaded["metrics"],
        DATA_PAGE: loaded["data_report"],
        "suspects.html": loaded["label_suspects"],
    }
    predictions = loaded["evaluation"].predictions.to_parquet(index=False)
    return Results(
        run=run,
        dataset=loaded["dataset"],
        change=loaded["data_change"],
        history=loaded["history"],
        evaluation=loaded["evaluation"],
        registered=loaded["registered_model"],
        rejection=loaded["rejection"],
        decision=loaded["decision"],
        files={name: str(text).encode() for name, text in texts.items()} | {"predictions.parquet": predictions},
    )


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
        ("dashboard", "make dashboard"),
    ]
    head = f"{data['name']}, {summary['run']['name']}, {summary['run']['seconds']:.0f} s"
    return render_lines(head, lines)


def copy_wrong_images(results: Results, config: DataConfig, folder: Path) -> str:
    """Gather the wrongly predicted test images; a line that tells of it.

    Args:
        results: What the run left behind.
        config: Where its images came from.
        folder: A new or an empty one.
    """
    copied = copy_errors(results.evaluation, results.dataset.splits["test"], config, data_cache(), folder)
    told = f"  errors     {copied.images:,} wrongly predicted test images in {folder}"
    drawn = f"{copied.images - copied.files:,} of them as PNG of their pixels, not as files"
    return f"{told}\n             {drawn}: {copied.reason}" if copied.reason else told


def cached_steps(summary: Mapping[str, Any]) -> str:
    """Names of the steps that were taken from the cache."""
    return ", ".join(name for name, step in summary["steps"].items() if step["cached"]) or "nothing"


def change_facts(change: DataChange) -> dict[str, Any]:
    """Section `change` of a summary."""
    return change.model_dump(include={"verdict", "reason", "version"})


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


def _rejection(choice: RejectionChoice) -> dict[str, Any]:
    fields = ("threshold", "error", "coverage")
    found = {field: getattr(choice.rejection, field, None) for field in fields}
    return {"target_error": choice.target_error, **found, "in_words": choice.in_words()}


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


def run_facts(run: Any, commit: str | None) -> dict[str, Any]:
    """Section `run` of a summary."""
    facts = {"name": run.name, "id": str(run.id), "seconds": _seconds(run), "stack": run.stack.name}
    return {**facts, "commit": commit}


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
    client = tracking.connect()
    uri = f"models:/{registered.name}/{registered.mlflow_version}"
    return {
        "name": registered.name,
        "zenml_version": registered.zenml_version,
        "mlflow_version": registered.mlflow_version,
        "aliases": registry.aliases(client, registered),
        "path": str(model_store.fetch(uri, model_store.KERAS_FILE)),
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
