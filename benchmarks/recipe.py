"""One run of a recipe, for the table of recipes: test accuracy, training time, and the machine's state.

Runs `run_pipeline.py --config RECIPE --set train.seed=SEED` on the user's own state folder, where an interrupted
training goes on and a finished one comes from the cache, and writes results/recipes/RECIPE-SEED.json from its summary.

    python benchmarks/recipe.py --config train.yaml --seed 2
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from command import run
from measurement import RESULTS, circumstances, write_record


def main() -> None:
    """Run a recipe and write its record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True, metavar="RECIPE", help="a name in configs/, or a path")
    parser.add_argument("--seed", type=int, default=0, help="train.seed; %(default)s")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="makes it another recipe")
    parser.add_argument("--note", default="", help="what a reader should know, such as that other work was going on")
    parser.add_argument("--results", type=Path, default=RESULTS / "recipes", metavar="DIR", help="for the record")
    options = parser.parse_args()
    settings = [f"--set={setting}" for setting in (f"train.seed={options.seed}", *options.set)]
    summary = run([f"--config={options.config}", *settings]).summary
    record = recipe_record(summary, options.config, options.set, options.note, circumstances())
    path = options.results / record_name(record)
    write_record(record, path)
    print(f"{record['test_accuracy']:.2%} in {record['training_seconds']:.0f} s of training: {path}")


def recipe_record(
    summary: dict[str, Any], config: str, settings: list[str], note: str, surroundings: dict[str, Any]
) -> dict[str, Any]:
    """A recipe's record; docs/benchmarks.md says what it holds.

    Args:
        summary: What the run's `--summary` wrote.
        config: The configuration's name or path.
        settings: Keys that were set besides the seed.
        note: What a reader should know.
        surroundings: `measurement.circumstances`; the commit is the run's, which may be cached and older.
    """
    train = summary["train"]
    return {
        "recipe": " ".join([Path(config).name, *settings]),
        "seed": train["seed"],
        "data": summary["data"]["name"],
        "test_accuracy": summary["test"]["accuracy"],
        "training_seconds": train["seconds"],
        "device": f"{train['device']}, {train['precision']}",
        "note": note,
        **surroundings,
        "commit": summary["run"]["commit"],
    }


def record_name(record: dict[str, Any]) -> str:
    """Name of the file that holds a recipe's record: one for each recipe and seed."""
    recipe = record["recipe"].replace(".yaml", "", 1)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{recipe}-{record['seed']}") + ".json"


if __name__ == "__main__":
    main()
