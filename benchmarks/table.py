"""README's tables of results, made from the records in benchmarks/results: never typed.

python benchmarks/table.py            # writes them between README's two comments
python benchmarks/table.py --check    # only says whether they are up to date
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from measurement import RESULTS

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
RECIPES = ("recipe", "test accuracy", "training", "hardware", "runs")
FIGURES = ("what", "measured: median (spread)", "goal", "how")


def main() -> int:
    """Write the tables, or check them; 1 where a check fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 where they are out of date")
    parser.add_argument("--readme", type=Path, default=README)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    before = options.readme.read_text(encoding="utf-8")
    after = with_tables(before, tables(options.results))
    if options.check and before != after:
        print(f"error: {options.readme} is out of date: python benchmarks/table.py", file=sys.stderr)
        return 1
    options.readme.write_text(after, encoding="utf-8")
    return 0


def with_tables(text: str, made: str) -> str:
    """The text with what stands between its two comments replaced.

    Raises:
        ValueError: If the text does not have both comments, once each and in this order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"expected {BEGIN} and, behind it, {END}, once each")
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    return f"{head}{BEGIN}\n{made}\n{END}{tail}"


def tables(folder: Path) -> str:
    """Both tables, of the records in a folder, figures without a goal left out; a table without records is left out."""
    runs = read_records(folder / "recipes")
    benchmarks = read_records(folder)
    figures = [(record, figure) for record in benchmarks for figure in record["figures"]]
    rows = [figure_row(record, figure) for record, figure in figures if figure["goal"] is not None]
    made = [(RECIPES, recipe_rows(runs)), (FIGURES, rows)]
    return "\n\n".join(markdown(head, rows) for head, rows in made if rows)


def read_records(folder: Path) -> list[dict[str, Any]]:
    """The records in a folder, by file name."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def recipe_rows(runs: Iterable[dict[str, Any]]) -> list[Sequence[str]]:
    """A row for each recipe on each kind of hardware."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in runs:
        groups.setdefault((record["recipe"], _hardware(record)), []).append(record)
    return [recipe_row(recipe, hardware, group) for (recipe, hardware), group in sorted(groups.items())]


def recipe_row(recipe: str, hardware: str, runs: Sequence[dict[str, Any]]) -> Sequence[str]:
    """Median and spread of the accuracy over seeds, median of the training time, and where they come from."""
    accuracies = [record["test_accuracy"] for record in runs]
    accuracy = f"{statistics.median(accuracies):.2%}"
    if len(runs) > 1:
        accuracy += f" ({min(accuracies):.2%} to {max(accuracies):.2%})"
    seeds = ", ".join(str(seed) for seed in sorted(record["seed"] for record in runs))
    return f"`{recipe}`", accuracy, _duration(runs), hardware, f"{len(runs)}: seed {seeds}; {_origin(runs)}"


def figure_row(record: dict[str, Any], figure: dict[str, Any]) -> Sequence[str]:
    """A benchmark's figure."""
    unit = "×" if figure["unit"] == "x" else f" {figure['unit']}"
    measured = f"{figure['median']:.3g}{unit}"
    if figure["repeats"] > 1:
        measured += f" ({figure['lowest']:.3g} to {figure['highest']:.3g}, {figure['repeats']} repeats)"
    goal = ""
    if figure["goal"] is not None:
        bound = "at least" if figure["higher_is_better"] else "at most"
        goal = f"{bound} {figure['goal']:g}{unit}, {'reached' if figure['reached'] else 'missed'}"
    name = record["benchmark"]
    return figure["name"], measured, goal, f"[{name}.py](benchmarks/{name}.py); {_origin([record])}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _hardware(record: dict[str, Any]) -> str:
    device, _, precision = record["device"].partition(", ")
    return f"{record['cores']} CPU cores, {precision}" if device == "cpu" else record["device"]


def _duration(runs: Sequence[dict[str, Any]]) -> str:
    minutes = statistics.median(record["training_seconds"] for record in runs) / 60
    notes = "; ".join(f"seed {record['seed']}: {record['note']}" for record in runs if record["note"])
    return f"{minutes:.1f} minutes" + (f" ({notes})" if notes else "")


def _origin(records: Sequence[dict[str, Any]]) -> str:
    """Commits, the latest date, and how fast the machine multiplied matrices in those minutes."""
    commits = ", ".join(sorted({_short(record["commit"]) for record in records}))
    speeds = sorted(record["matmul_gflops"] for record in records if record["matmul_gflops"] is not None)
    matmul = f", {statistics.median(speeds):.0f} GFLOP/s" if speeds else ""
    return f"{commits}, {max(record['date'] for record in records)}{matmul}"


def _short(commit: str | None) -> str:
    number, plus, _ = (commit or "no commit").partition("+")
    return number[:7] + plus if commit else number


if __name__ == "__main__":
    sys.exit(main())
