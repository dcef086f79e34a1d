import sys

import command
import pytest
import recipe
from recipe import recipe_record, record_name

SUMMARY = {
    "run": {"commit": "abc"},
    "data": {"name": "cifar100"},
    "train": {"seed": 3, "seconds": 12.5, "device": "cpu", "precision": "float32"},
    "test": {"accuracy": 0.25},
}
MACHINE = {"matmul_gflops": 150.0, "cores": 2, "commit": "later", "date": "2026-01-02", "versions": {}}


def test_a_record_tells_of_the_run_that_was_trained():
    record = recipe_record(SUMMARY, "configs/train.yaml", [], "idle", MACHINE)
    assert (record["recipe"], record["seed"], record["note"]) == ("train.yaml", 3, "idle")
    assert (record["test_accuracy"], record["training_seconds"]) == (0.25, 12.5)
    assert (record["device"], record["data"]) == ("cpu, float32", "cifar100")
    assert record["commit"] == "abc", "that of the run, which may be cached"
    assert (record["matmul_gflops"], record["date"]) == (150.0, "2026-01-02")


def test_other_settings_are_another_recipe():
    plain = recipe_record(SUMMARY, "train.yaml", [], "", MACHINE)
    other = recipe_record(SUMMARY, "train.yaml", ["train.epochs=3"], "", MACHINE)
    assert other["recipe"] == "train.yaml train.epochs=3"
    assert record_name(plain) == "train-3.json"
    assert record_name(other) == "train-train.epochs-3-3.json"


def test_a_failed_run_leaves_no_record(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "ENTRY", ("-c", "raise SystemExit(2)"))
    monkeypatch.setattr(recipe, "run", lambda words: command.run(words, entry=command.ENTRY))
    monkeypatch.setattr(sys, "argv", ["recipe.py", "--config=train.yaml", f"--results={tmp_path}"])
    with pytest.raises(SystemExit, match=r"failed: .*--set=train.seed=0"):
        recipe.main()
    assert not list(tmp_path.iterdir())
