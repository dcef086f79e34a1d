import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from operations.outcomes.results import Results, load_results
from operations.outcomes.summary import build_summary
from operations.outcomes.summary_text import render_summary
from operations.platform.environment import PROJECT
from operations.registry.registered_model import RegisteredModel
from recognition.data.change import DataChange
from recognition.data.dataset import Duplicates, ImageDataset
from recognition.prediction.rejection import choose_rejection
from tests.recognition.evaluation.samples import split_of
from tests.recognition.report.samples import decision_of, full_decision, history_of, judged

START = datetime(2026, 1, 2, tzinfo=UTC)
NAMES = (
    "dataset",
    "data_change",
    "data_report",
    "history",
    "evaluation",
    "registered_model",
    "rejection",
    "decision",
    "report",
    "metrics",
    "label_suspects",
)


def step(status, seconds):
    end = None if seconds is None else START + timedelta(seconds=seconds)
    return SimpleNamespace(status=SimpleNamespace(value=status), start_time=START, end_time=end, outputs={})


@pytest.fixture
def run():
    steps = {"ingest": step("completed", 1.5), "train": step("cached", 99), "report": step("completed", None)}
    end = START + timedelta(seconds=75.25)
    stack = SimpleNamespace(name="default")
    return SimpleNamespace(name="smoke-1", id="an-id", stack=stack, steps=steps, start_time=START, end_time=end)


@pytest.fixture(scope="module")
def evaluation():
    return judged(classes=10, superclasses=2)[0]


@pytest.fixture
def results(run, evaluation, monkeypatch):
    monkeypatch.setattr("operations.tracking.runs.page_of", lambda run: "http://zenml:8080/projects/default/runs/an-id")
    monkeypatch.setattr("operations.tracking.connection.connect", lambda: None)
    monkeypatch.setattr("operations.registry.registry.aliases", lambda client, model: ["champion"])
    monkeypatch.setattr(
        "operations.outcomes.summary.place_of", lambda uri, name: f"{uri.replace('models:', '/models')}/{name}"
    )
    splits = {name: split_of([0, 1] * count) for name, count in (("train", 5), ("validation", 2), ("test", 3))}
    return Results(
        run=run,
        dataset=ImageDataset("made", splits, ("a", "b"), (), np.empty(0, np.int32), Duplicates({}, {})),
        change=DataChange(verdict="similar", reason="3.0% more images", version="6"),
        history=history_of(epochs=3, best_epoch=2),
        evaluation=evaluation,
        registered=RegisteredModel(name="ours", zenml_version="4", mlflow_version="7", sha256="0"),
        rejection=choose_rejection(np.linspace(0, 1, 500), np.ones(500, bool), 0.1),
        decision=full_decision(),
        files={},
    )


@pytest.fixture
def summary(results):
    return build_summary(results, "smoke", "abc", False, Path("/reports/report.html"))


def flat(value, prefix=""):
    if not isinstance(value, dict):
        return {prefix.removeprefix(".")}
    return {key for name, inner in value.items() for key in flat(inner, f"{prefix}.{name}")}


def documented():
    """The keys that docs/summary.md lists, those that begin with a dot completed."""
    keys, section = set(), ""
    rows = re.findall(r"^\| (`[^|]+) \|", (PROJECT / "docs" / "summary.md").read_text(encoding="utf-8"), re.MULTILINE)
    for key in (key for row in rows for key in re.findall("`([^`]+)`", row)):
        section = section if key.startswith(".") else key.partition(".")[0]
        keys.add(section + key if key.startswith(".") else key)
    return keys


def test_the_summary_holds_what_its_documentation_says(summary):
    assert {re.sub(r"^steps\.\w+\.", "steps.NAME.", key) for key in flat(summary)} == documented()


def test_the_summary_is_json(summary):
    assert json.loads(json.dumps(summary)) == summary


def test_numbers_come_from_where_they_were_computed(summary, results):
    assert summary["schema"] == 1
    run = {"name": "smoke-1", "id": "an-id", "seconds": 75.25, "stack": "default", "commit": "abc"}
    assert summary["run"] == {**run, "dashboard": "http://zenml:8080/projects/default/runs/an-id"}
    assert [summary["data"][side] for side in ("train", "validation", "test")] == [10, 4, 6]
    assert (summary["train"]["epochs"], summary["train"]["best_epoch"]) == (3, 2)
    assert summary["test"]["macro_f1"] == results.metrics.macro_f1
    assert summary["validation"]["accuracy"] == results.history.epochs[1].validation_accuracy
    assert summary["test"]["superclass_accuracy"] == results.metrics.superclass_accuracy
    gate = {"decision": "promoted", "reason": results.decision.reason, "candidate": 0.61, "champion": 0.6}
    gate |= {"number": 7, "p": 0.00123, "level": 0.0041, "split": "test", "images": 9990}
    assert {name: summary["gate"][name] for name in gate} == gate
    assert summary["gate"]["difference"] == pytest.approx(0.01)
    assert [guard["verdict"] for guard in summary["gate"]["guards"]][:3] == ["failed", "skipped", "passed"]
    assert summary["model"]["path"] == "/models/ours/7/data/model.keras"
    assert summary["model"]["aliases"] == ["champion"]
    assert summary["change"] == {"verdict": "similar", "reason": "3.0% more images", "version": "6"}
    assert summary["report"] == "/reports/report.html"


def test_cached_steps_took_no_time(summary):
    assert summary["steps"] == {
        "ingest": {"cached": False, "seconds": 1.5},
        "train": {"cached": True, "seconds": 0.0},
        "report": {"cached": False, "seconds": 0.0},
    }


def test_the_summary_reads_well(summary):
    text = render_summary(summary)
    for part in ("made, smoke-1, 75 s", "3 epochs, best 2, 30 s", "60.00% on the same images", "version 4, MLflow 7"):
        assert part in text
    assert re.search(r"data +similar to those of champion version 6: 3.0% more images\n", text)
    assert re.search(r"cached +train\n", text)
    assert re.search(r"guards +classes failed, superclasses skipped, loss passed, data warned, ", text)
    assert re.search(r"accuracy +[\d.]+% of 200 test images \(validation 52.50%\)", text)


def test_the_dashboard_is_the_servers_or_one_to_start(summary):
    assert re.search("dashboard +http://zenml:8080/projects/default/runs/an-id$", render_summary(summary))
    local = {**summary, "run": {**summary["run"], "dashboard": None}}
    assert re.search("dashboard +make dashboard$", render_summary(local))


def test_what_does_not_apply_is_told_as_such(results):
    metrics = results.metrics.model_copy(update={"superclass_accuracy": None})
    evaluation = replace(results.evaluation, metrics=metrics)
    results = replace(results, evaluation=evaluation, decision=decision_of(champion=None), history=history_of(1, 1))
    results.run.steps["train"] = step("completed", 3)
    text = render_summary(build_summary(results, "smoke", None, True, Path("report.html")))
    assert re.search(r"superclass +-\n", text)
    assert re.search(r"champion +none to compare with\n", text)
    assert re.search(r"cached +nothing\n", text)
    assert "1 epoch, best 1" in text


def test_a_metric_that_decides_is_named(results):
    history, decision = history_of(3, 2, "macro_f1"), decision_of(metric="macro_f1")
    summary = build_summary(replace(results, history=history, decision=decision), "smoke", None, False, Path("page"))
    assert (summary["train"]["metric"], summary["gate"]["metric"]) == ("macro_f1", "macro_f1")
    assert summary["validation"]["score"] == pytest.approx(0.8 * 0.525)
    text = render_summary(summary)
    assert f"macro F1   {results.metrics.macro_f1:.2%} (validation 42.00%)" in text
    assert re.search(r"champion +macro F1 60.00% on the same images\n", text)


def test_results_are_the_artifacts_of_the_run(run, evaluation):
    def version(value):
        return [SimpleNamespace(load=lambda: value)]

    values = dict.fromkeys(NAMES, "a value") | {"evaluation": evaluation}
    run.steps["ingest"].outputs = {"dataset": version("images")}
    run.steps["report"].outputs = {name: version(value) for name, value in values.items() if name != "dataset"}
    loaded = load_results(run)
    assert (loaded.dataset, loaded.metrics) == ("images", evaluation.metrics)
    assert loaded.files["report.html"] == loaded.files["suspects.html"] == b"a value"
    assert loaded.files["predictions.parquet"].startswith(b"PAR1")
    assert loaded.evaluation is evaluation


def test_a_threshold_is_told_where_one_was_asked_for(summary):
    assert summary["rejection"]["coverage"] == 1.0
    assert f"rejection  {summary['rejection']['in_words']}\n" in render_summary(summary)
    off = {**summary, "rejection": {**summary["rejection"], "target_error": None}}
    assert "rejection" not in render_summary(off)
