"""What every benchmark needs: alternating repeats of two things, their ratio, and a record of it.

A machine's speed drifts from minute to minute, so two things are timed in turns, and what counts is the ratio of each
round: its median, and its spread from the smallest to the largest. A matrix multiply of the same minutes tells how fast
the machine was. docs/benchmarks.md says what a record holds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = ("keras", "mlflow", "numpy", "pillow", "tensorflow", "torch", "zenml")
SIDE = 2_048  # of the matrices that are multiplied


class Round(NamedTuple):
    """Both sides of one round, in the same unit."""

    ours: float
    theirs: float


@dataclass(frozen=True)
class Figure:
    """Something measured several times.

    Attributes:
        name: What it is.
        compared: The two commands or pieces of code that it compares; one where it is measured by itself.
        values: One a repeat.
        unit: Of the values: "x" for ratios, "s", "ms", "GiB".
        goal: What the median should reach; None where there is no goal.
        higher_is_better: Whether the goal is the least that it should be, or the most.
        rounds: What was measured for each ratio.
    """

    name: str
    compared: tuple[str, ...]
    values: tuple[float, ...]
    unit: str
    goal: float | None = None
    higher_is_better: bool = True
    rounds: tuple[Round, ...] = ()

    @property
    def median(self) -> float:
        """Median over the repeats."""
        return statistics.median(self.values)

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the goal; None without one."""
        if self.goal is None:
            return None
        return self.median >= self.goal if self.higher_is_better else self.median <= self.goal

    def to_json(self) -> dict[str, Any]:
        """What a record holds of it."""
        return {
            "name": self.name,
            "compared": list(self.compared),
            "unit": self.unit,
            "median": self.median,
            "lowest": min(self.values),
            "highest": max(self.values),
            "repeats": len(self.values),
            "goal": self.goal,
            "higher_is_better": self.higher_is_better,
            "reached": self.reached,
            "values": list(self.values),
            "rounds": [list(each) for each in self.rounds],
        }


def alternate(
    ours: Callable[[int], object],
    theirs: Callable[[int], object],
    repeats: int,
    clock: Callable[[], float] = time.perf_counter,
    before: Callable[[], object] = lambda: None,
) -> tuple[Round, ...]:
    """Time two functions in turns, after one round of each that is not timed.

    Args:
        ours: Called with the number of the round, from 0; 0 is the one not timed.
        theirs: Likewise. It goes first in every second round, so that neither always finds the other's caches.
        repeats: Number of timed rounds.
        clock: Seconds since some moment.
        before: Called before each timing, such as to remove what the last one left.

    Returns:
        Seconds of both, for each round.
    """

    def timed(function: Callable[[int], object], number: int) -> float:
        before()
        return _seconds(function, number, clock)

    timed(ours, 0), timed(theirs, 0)
    rounds = []
    for number in range(1, repeats + 1):
        first, second = (ours, theirs) if number % 2 else (theirs, ours)
        times = timed(first, number), timed(second, number)
        rounds.append(Round(*(times if number % 2 else reversed(times))))
    return tuple(rounds)


def speed_ratio(name: str, compared: tuple[str, str], rounds: Iterable[Round], goal: float | None = None) -> Figure:
    """How many times as fast ours is, from seconds; the goal is a minimum."""
    rounds = tuple(rounds)
    return Figure(name, compared, tuple(each.theirs / each.ours for each in rounds), "x", goal, True, rounds)


def cost_ratio(name: str, compared: tuple[str, str], rounds: Iterable[Round], goal: float | None = None) -> Figure:
    """How many times as much ours takes, of seconds or of bytes; the goal is a maximum."""
    rounds = tuple(rounds)
    return Figure(name, compared, tuple(each.ours / each.theirs for each in rounds), "x", goal, False, rounds)


def arguments(documentation: str, repeats: int) -> argparse.ArgumentParser:
    """The options that all benchmarks share.

    Args:
        documentation: The benchmark's docstring; its first line describes it.
        repeats: How often to measure, where the user does not say.
    """
    parser = argparse.ArgumentParser(description=documentation.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=repeats, help="%(default)s")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where the record goes")
    return parser


def publish(benchmark: str, claim: str, figures: Sequence[Figure], folder: Path) -> None:
    """Print figures and write them to `folder`/`benchmark`.json, with the machine's state in the same minute.

    Args:
        benchmark: Name of the benchmark's file, without its suffix.
        claim: Its docstring; the first line is kept.
        figures: What it measured.
        folder: Where records lie.
    """
    record = {
        "benchmark": benchmark,
        "claim": claim.splitlines()[0],
        "command": " ".join(["python", *sys.argv]),
        "figures": [figure.to_json() for figure in figures],
        **circumstances(),
    }
    for figure in figures:
        print(described(figure))
    print(f"{record['matmul_gflops']:.0f} GFLOP/s matrix multiply, {record['cores']} cores, commit {record['commit']}")
    write_record(record, folder / f"{benchmark}.json")


def write_record(record: dict[str, Any], path: Path) -> None:
    """Write a record as readable JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def described(figure: Figure) -> str:
    """A figure for the terminal."""
    unit = figure.unit if figure.unit == "x" else f" {figure.unit}"
    spread = f"{min(figure.values):.3g} to {max(figure.values):.3g}, repeats: {len(figure.values)}"
    verdict = ""
    if figure.goal is not None:
        bound = "at least" if figure.higher_is_better else "at most"
        verdict = f"; goal {bound} {figure.goal:g}{unit}: {'reached' if figure.reached else 'MISSED'}"
    compared = "\n    against ".join(figure.compared)
    return f"{figure.name}: {figure.median:.3g}{unit} ({spread}){verdict}\n    {compared}"


def circumstances() -> dict[str, Any]:
    """What every record holds of machine, code and moment."""
    from operations.runs.job import git_commit

    return {
        "matmul_gflops": round(matmul_gflops(), 1),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "versions": {"python": platform.python_version(), **_versions()},
        "commit": git_commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def matmul_gflops(repeats: int = 9) -> float:
    """Speed of TensorFlow's matrix multiply, float32, 2,048 × 2,048: the median, in 10⁹ operations a second."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    matrix = tf.random.stateless_uniform((SIDE, SIDE), (0, 0))
    times = [
        _seconds(lambda _: tf.matmul(matrix, matrix).shape, number, time.perf_counter) for number in range(repeats)
    ]
    return 2 * SIDE**3 / statistics.median(times) / 1e9


def _seconds(function: Callable[[int], object], number: int, clock: Callable[[], float]) -> float:
    start = clock()
    function(number)
    return clock() - start


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
