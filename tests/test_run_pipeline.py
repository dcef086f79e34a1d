import hashlib
import json
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
TEXT, WHOLE, NUMBER = str, int, (int, float)
MAYBE_TEXT = (str, type(None))
SCHEMA = {
    "schema": WHOLE,
    "run": {"name": TEXT, "id": TEXT, "seconds": NUMBER, "stack": TEXT, "commit": MAYBE_TEXT, "dashboard": MAYBE_TEXT},
    "data": {
        "name": TEXT,
        "digest": TEXT,
        "fallback": bool,
        "train": WHOLE,
        "validation": WHOLE,
        "test": WHOLE,
        "classes": WHOLE,
    },
    "train": {
        "recipe": TEXT,
        "network": TEXT,
        "parameters": WHOLE,
        "metric": TEXT,
        "epochs": WHOLE,
        "best_epoch": WHOLE,
        "seconds": NUMBER,
        "images_per_second": NUMBER,
        "device": TEXT,
        "precision": TEXT,
        "seed": WHOLE,
        "resumed_from": (WHOLE, type(None)),
        "repeats": list,
        "mean": (*NUMBER, type(None)),
        "interval": (*NUMBER, type(None)),
    },
    "retrain": dict.fromkeys(("outcome", "reason", "init", "seed"), type(None)),
    "validation": {"accuracy": NUMBER, "loss": NUMBER, "score": NUMBER},
    "test": {
        "accuracy": NUMBER,
        "accuracy_lower": NUMBER,
        "accuracy_upper": NUMBER,
        "loss": NUMBER,
        "temperature": NUMBER,
        "ece": NUMBER,
        "adaptive_ece": NUMBER,
        "brier": NUMBER,
        "top5": NUMBER,
        "balanced_accuracy": NUMBER,
        "macro_f1": NUMBER,
        "superclass_accuracy": (*NUMBER, type(None)),
        "images": WHOLE,
    },
    "model": {"name": TEXT, "zenml_version": TEXT, "mlflow_version": TEXT, "aliases": list, "path": TEXT},
    "gate": {
        "decision": TEXT,
        "reason": TEXT,
        "metric": TEXT,
        "candidate": (*NUMBER, type(None)),
        "champion": (*NUMBER, type(None)),
        "champion_version": MAYBE_TEXT,
        "difference": (*NUMBER, type(None)),
        "images": WHOLE,
        "excluded": WHOLE,
        "passed": bool,
        "split": TEXT,
        "require": TEXT,
        "margin": NUMBER,
        **dict.fromkeys(("low", "high", "p", "level", "detectable"), (*NUMBER, type(None))),
        "number": (WHOLE, type(None)),
        "guards": list,
    },
    "rejection": {
        **dict.fromkeys(("target_error", "threshold", "error", "coverage"), (*NUMBER, type(None))),
        "in_words": TEXT,
    },
    "change": {"verdict": TEXT, "reason": TEXT, "version": MAYBE_TEXT},
    "report": TEXT,
}
STEPS = ("configure", "ingest", "augmentation", "data_report", "train", "evaluate", "register", "gate", "report")
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


@pytest.fixture(params=["digits_run", "fallback_run", "cifar100_run"])
def run(request):
    return request.getfixturevalue(request.param)


def without_types(value, schema):
    """What remains of a value where the schema does not account for it, None if it does."""
    if isinstance(schema, dict):
        if not isinstance(value, dict) or value.keys() != schema.keys():
            return value
        found = {key: without_types(value[key], schema[key]) for key in schema}
        return {key: rest for key, rest in found.items() if rest is not None} or None
    # a bool is an int to Python, but not to JSON
    fits = isinstance(value, schema) and (schema is bool or not isinstance(value, bool))
    return None if fits else value


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_succeeds_and_complains_about_nothing(run):
    assert run.status == 0, run.stderr
    assert [line for line in run.stderr.splitlines() if not line.startswith("Downloading ")] == []


def test_summary_has_the_documented_keys_and_types(run):
    summary = dict(run.summary)
    steps = summary.pop("steps")
    assert without_types(summary, SCHEMA) is None
    assert tuple(steps) == STEPS
    assert without_types(steps, {step: {"cached": bool, "seconds": NUMBER} for step in STEPS}) is None
    assert all(isinstance(alias, str) for alias in summary["model"]["aliases"])


def test_summary_counts_every_image_and_epoch(run):
    data, train, test = (run.summary[key] for key in ("data", "train", "test"))
    assert run.summary["schema"] == 1
    assert test["images"] == data["test"]
    assert 1 <= train["best_epoch"] <= train["epochs"]
    assert train["resumed_from"] is None
    assert 0 < test["accuracy"] <= test["top5"] <= 1


def test_prints_the_plan_a_line_a_stage_and_the_summary(run):
    plan, _, told = run.stdout.partition("\ningest: ")
    summary = told.partition("\n\n")[2]
    for name in ("data", "network", "recipe", "device", "stack", "model", "versions", "state"):
        assert f"\n  {name:<10}" in plan
    for stage in set(STEPS) - {"configure", "ingest", "data_report", "train"} - run.cached():
        assert f"\n{stage}: " in told
    assert "\ndata: not compared: there is no champion yet\n" in told
    for epoch in range(1, run.summary["train"]["epochs"] + 1):
        assert f"\n  epoch {epoch}: " in told
    for name in ("accuracy", "loss", "top-5", "training", "cached", "champion", "decision", "model", "report"):
        assert f"\n  {name:<11}" in summary
    assert run.name == run.summary["run"]["name"]
    assert f"{run.summary['test']['accuracy']:.2%} of {run.summary['test']['images']:,} test images" in summary


def test_prints_no_control_characters_where_there_is_no_terminal(run):
    assert not [character for character in run.stdout if character != "\n" and not character.isprintable()]


def test_writes_report_and_numbers_where_asked_and_nothing_else(run):
    output = run.folder / "output"
    assert {path.relative_to(run.folder).as_posix() for path in files(run.folder)} == {
        "summary.json",
        "output/report.html",
        "output/metrics.json",
        "output/data.html",
        "output/suspects.html",
        "output/predictions.parquet",
    }
    assert run.summary["report"] == str(output / "report.html")
    assert f"{run.summary['test']['accuracy']:.2%}" in (output / "report.html").read_text()
    numbers = json.loads((output / "metrics.json").read_text())
    assert numbers["metrics"]["accuracy"] == run.summary["test"]["accuracy"]
    assert numbers["decision"]["decision"] == run.summary["gate"]["decision"]


def test_registers_a_champion_that_is_in_production(run, first_records):
    model = run.summary["model"]
    [zenml], [mlflow] = (first_records[f"{registry}_models"][model["name"]] for registry in ("zenml", "mlflow"))
    assert (zenml["number"], mlflow["version"]) == (model["zenml_version"], model["mlflow_version"]) == ("1", "1")
    assert (zenml["stage"], mlflow["aliases"], model["aliases"]) == ("production", ["champion"], ["champion"])
    assert run.summary["gate"]["decision"] == "promoted"
    assert zenml["metadata"]["metrics"]["accuracy"] == run.summary["test"]["accuracy"]
    assert {"configuration", "dataset", "data_summary", "augmentation_plan", "model", "history", "evaluation"} == set(
        zenml["artifacts"]
    )


def test_logs_the_run_to_mlflow(run, first_records):
    logged = first_records["mlflow_runs"][run.summary["run"]["name"]]
    train, test = run.summary["train"], run.summary["test"]
    assert logged["status"] == "FINISHED"
    assert logged["params"]["train.epochs"] == str(train["epochs"])
    assert logged["params"]["train.seed"] == str(train["seed"])
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate"):
        assert [step for step, _ in logged["metrics"][name]] == list(range(1, train["epochs"] + 1))
    assert logged["metrics"]["test_accuracy"] == [[0, test["accuracy"]]]
    pictures = {"augmentation.png", "confusion.png", "curves.png", "reliability.png"}
    assert pictures | {
        "configuration.yaml",
        "predictions.parquet",
        "report.html",
        "metrics.json",
        "data.html",
        "suspects.html",
        "data_summary.json",
    } <= set(logged["files"])
    assert first_records["zenml_runs"][run.summary["run"]["name"]]["status"] == "completed"


def test_stores_the_models_bytes_once(run, shared_command, first_records):
    model = run.summary["model"]
    digest = first_records["mlflow_models"][model["name"]][0]["sha256"]
    found = [path for path in files(shared_command.state) if hashlib.sha256(path.read_bytes()).hexdigest() == digest]
    assert [str(path) for path in found] == [model["path"]]


def test_stores_no_pickle(shared_command, first_records):
    stored = files(shared_command.state)
    assert stored
    assert not [path for path in stored if path.suffix in {".pkl", ".pickle", ".joblib"}]
    assert not [path for path in stored if path.read_bytes()[:2] in PICKLES]


def test_leaves_no_checkpoint_and_no_mark_of_a_running_command(shared_command, first_records):
    assert not [path for path in files(shared_command.state / "checkpoints") if path.suffix != ".lock"]
    assert not files(shared_command.state / "runs")


def test_smoke_scores_the_whole_test_set_of_cifar100(cifar100_run):
    data, test = cifar100_run.summary["data"], cifar100_run.summary["test"]
    assert (data["name"], data["train"], data["validation"], data["classes"]) == ("cifar100", 5_000, 1_000, 100)
    assert data["fallback"] is False
    assert test["images"] == 10_000
    [percent] = re.findall(r"at least (\d+) % test accuracy", (PROJECT / "configs" / "smoke.yaml").read_text())
    assert test["accuracy"] >= int(percent) / 100
    assert test["accuracy"] < test["superclass_accuracy"] < 1
    assert cifar100_run.summary["model"]["name"] == "cifar100-smoke"
    assert "note:" not in cifar100_run.stdout


def test_fallback_shouts(fallback_run):
    lines = fallback_run.stdout.splitlines()
    assert lines[0] == lines[-1]
    assert lines[0].startswith("FALLBACK DATA: digits stands in, because CIFAR-100 is not on this machine")
    assert fallback_run.summary["data"]["fallback"] is True
    assert fallback_run.summary["data"]["name"] == "digits"
    assert fallback_run.summary["model"]["name"] == "cifar100-smoke-fallback-digits"
    assert fallback_run.summary["train"]["epochs"] == 5
    assert "fallback" in (fallback_run.folder / "output" / "report.html").read_text().lower()


@pytest.mark.slow
def test_a_worse_model_stays_a_challenger(worse_run, digits_run, better_records):
    assert worse_run.status == 0, worse_run.stderr
    summary = worse_run.summary
    assert summary["gate"]["decision"] == "kept"
    assert summary["gate"]["champion"] == digits_run.summary["test"]["accuracy"] > summary["test"]["accuracy"]
    assert summary["model"]["aliases"] == ["challenger"]
    assert (summary["model"]["zenml_version"], summary["model"]["mlflow_version"]) == ("2", "2")


@pytest.mark.slow
def test_a_better_model_replaces_the_champion(better_run, digits_run, better_records):
    assert better_run.status == 0, better_run.stderr
    assert better_run.summary["gate"]["decision"] == "promoted"
    assert better_run.summary["gate"]["champion"] == digits_run.summary["test"]["accuracy"]
    assert better_run.summary["model"]["aliases"] == ["champion"]
    zenml, mlflow = (better_records[f"{registry}_models"]["digits"] for registry in ("zenml", "mlflow"))
    assert [version["stage"] for version in zenml] == ["archived", None, "production"]
    assert [version["aliases"] for version in mlflow] == [[], [], ["champion"]]


def test_a_training_that_diverges_fails_with_a_remedy(shared_command, digits, inspect, first_records):
    run = shared_command.run(*digits, "--set=train.learning_rate=1e7", "--set=model.name=diverged")
    name, records = run.name, inspect()
    assert run.status == 1
    assert run.stderr.startswith("error: training diverged in epoch 1")
    assert "to mend: " in run.stderr
    assert len(run.stderr.splitlines()) <= 10
    assert records["zenml_runs"][name]["status"] == "failed"
    assert records["mlflow_runs"][name]["status"] == "FAILED"
    assert "diverged" not in records["mlflow_models"]
