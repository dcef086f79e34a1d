"""The tables of results in README.md and docs/benchmarks.md, made from the records in benchmarks/results: never typed.

python benchmarks/table.py            # writes them between each page's two comments
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

PROJECT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
RECIPES = ("recipe", "test accuracy", "training", "hardware", "runs")
FIGURES = ("what", "measured: median (spread)", "goal", "how")
HEADLINES = ("what", "measured", "machine")
HEADLINE_RECIPES = ("train.yaml train.precision=float32", "best.yaml")
HEADLINE_FIGURE = ("overhead", "pipeline, overhead of a first run")


def main() -> int:
    """Write the tables, or check them; 1 where a check fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 where they are out of date")
    parser.add_argument("--project", type=Path, default=PROJECT, metavar="DIR", help="whose two pages are written")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    status = 0
    for page, made in pages(options.results).items():
        path = options.project / page
        before = path.read_text(encoding="utf-8")
        after = with_tables(before, made)
        if not options.check:
            path.write_text(after, encoding="utf-8")
        elif before != after:
            print(f"error: {page} is out of date: python benchmarks/table.py", file=sys.stderr)
            status = 1
    return status


def pages(results: Path) -> dict[str, str]:
    """What stands between the comments of each page."""
    return {"README.md": headlines(results), "docs/benchmarks.md": tables(results)}


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


def headlines(folder: Path) -> str:
    """README's few rows: what the recipes that it names reach, and what the pipeline adds.

    Raises:
        ValueError: If one of them has no record.
    """
    runs = read_records(folder / "recipes")
    rows = [_headline(recipe, [run for run in runs if run["recipe"] == recipe]) for recipe in HEADLINE_RECIPES]
    benchmark, name = HEADLINE_FIGURE
    for record in read_records(folder):
        for figure in record["figures"] if record["benchmark"] == benchmark else ():
            if figure["name"] == name:
                rows.append((name, _measured(figure), f"{record['cores']} CPU cores{_matmul([record])}"))
    if len(rows) != len(HEADLINE_RECIPES) + 1:
        raise ValueError(f"expected one record of {benchmark!r} with the figure {name!r}")
    return markdown(HEADLINES, rows)


def _headline(recipe: str, runs: Sequence[dict[str, Any]]) -> Sequence[str]:
    if not runs:
        raise ValueError(f"expected a record of {recipe!r}")
    seeds = f"{len(runs)} seeds" if len(runs) > 1 else "1 seed"
    measured = f"{_accuracy(runs)}, {seeds}, trained for {_duration(runs)}"
    return f"`{recipe}`, {runs[0]['data']}: test accuracy", measured, f"{_hardware(runs[0])}{_matmul(runs)}"


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
    seeds = ", ".join(str(seed) for seed in sorted(record["seed"] for record in runs))
    return f"`{recipe}`", _accuracy(runs), _duration(runs), hardware, f"{len(runs)}: seed {seeds}; {_origin(runs)}"


def figure_row(record: dict[str, Any], figure: dict[str, Any]) -> Sequence[str]:
    """A benchmark's figure."""
    bound = "at least" if figure["higher_is_better"] else "at most"
    goal = f"{bound} {figure['goal']:g}{_unit(figure)}, {'reached' if figure['reached'] else 'missed'}"
    name = record["benchmark"]
    return figure["name"], _measured(figure), goal, f"[{name}.py](../benchmarks/{name}.py); {_origin([record])}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _accuracy(runs: Sequence[dict[str, Any]]) -> str:
    accuracies = [record["test_accuracy"] for record in runs]
    median = f"{statistics.median(accuracies):.2%}"
    return f"{median} ({min(accuracies):.2%} to {max(accuracies):.2%})" if len(runs) > 1 else median


def _measured(figure: dict[str, Any]) -> str:
    median = f"{figure['median']:.3g}{_unit(figure)}"
    if figure["repeats"] == 1:
        return median
    return f"{median} ({figure['lowest']:.3g} to {figure['highest']:.3g}, {figure['repeats']} repeats)"


def _unit(figure: dict[str, Any]) -> str:
    return "×" if figure["unit"] == "x" else f" {figure['unit']}"


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
    return f"{commits}, {max(record['date'] for record in records)}{_matmul(records)}"


def _matmul(records: Sequence[dict[str, Any]]) -> str:
    speeds = sorted(record["matmul_gflops"] for record in records if record["matmul_gflops"] is not None)
    return f", {statistics.median(speeds):.0f} GFLOP/s" if speeds else ""


def _short(commit: str | None) -> str:
    if commit is None:
        return "commit not kept"
    number, plus, _ = commit.partition("+")
    return number[:7] + plus


if __name__ == "__main__":
    sys.exit(main())
