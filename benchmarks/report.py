"""Claim: the report of CIFAR-100 takes at most 15 s and 1 GiB, that of 1,000 classes and 50,000 images at most 60 s.

From the probabilities of all test images to the page and its numbers: metrics, order of the classes, pictures. The
probabilities are made up, and so are the images, which as noise take more room than photographs. Memory is anonymous
memory above that of the process before, whose images and probabilities are there already.

The last figures open each page in the machine's own Chromium, headless, and switch the matrix to and fro: the longest
task of the browser's main thread, 0 where none lasts 50 ms.

    python benchmarks/report.py --repeats 3
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
from measurement import Figure, arguments, publish
from memory import Peak, watched

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

VIEWS = ("counts", "errors", "shares")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BLOCK = 5_000  # rows made at a time
WATCH = """
window.longTasks = [0];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((entry) => entry.duration)))
  .observe({ type: "longtask" });
"""
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"


class Case(NamedTuple):
    """A size of report, and the goals for it."""

    name: str
    classes: int
    superclasses: int
    images: int
    seconds: float
    gibibytes: float | None


CASES = (
    Case("CIFAR-100's size", 100, 20, 10_000, 15.0, 1.0),
    Case("1,000 classes, 50,000 images", 1_000, 0, 50_000, 60.0, None),
)


def main() -> None:
    """Measure each size."""
    parser = arguments(__doc__, repeats=3)
    options = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        for case in CASES:
            page = Path(folder) / f"{case.classes}.html"
            figures += build_figures(case, options.repeats, page)
            if chromium:
                figures.append(switch_figure(case, options.repeats, page, chromium))
    publish("report", __doc__, figures, options.results)


def build_figures(case: Case, repeats: int, page: Path) -> list[Figure]:
    """Build a report several times: seconds, memory and size."""
    made = probabilities_of(case), split_of(case)
    seconds, memory = [], []
    for _ in range(repeats):
        gc.collect()
        before, start = Peak(), time.perf_counter()
        before.look(psutil.Process())
        with watched() as peak:
            text = build(case, *made)
        seconds.append(time.perf_counter() - start)
        memory.append((peak.anonymous - before.anonymous) / 2**30)
    page.write_text(text, encoding="utf-8")
    how = (f"build_page(evaluate(…)), {case.classes:,} classes, {case.images:,} images",)
    size = page.stat().st_size / 1e6
    return [
        Figure(f"report, {case.name}", how, tuple(seconds), "s", case.seconds, False),
        Figure(f"report, {case.name}, memory", how, tuple(memory), "GiB", case.gibibytes, False),
        Figure(f"report, {case.name}, page", how, (size,), "MB", 3.0 if case.superclasses else None, False),
    ]


def build(case: Case, probabilities: Any, split: Any) -> str:
    """From probabilities to the page, with the numbers made on the way."""
    from recognition.evaluation.evaluate import evaluate
    from recognition.report.numbers import report_numbers
    from recognition.report.page import build_page
    from tests.recognition.report.samples import decision_of, facts_of, history_of

    names = tuple(f"class_{index}" for index in range(case.classes))
    above = tuple(f"superclass_{index}" for index in range(case.superclasses))
    owners = np.arange(case.classes) * case.superclasses // case.classes if above else ()
    evaluation = evaluate(probabilities, split, names, above, owners)
    about = history_of(40, 38), decision_of(), facts_of()
    report_numbers(evaluation, *about)
    return build_page(evaluation, *about, split)


def probabilities_of(case: Case) -> Any:
    """Probabilities that are right in some two thirds of the images, float32, (images, classes)."""
    generator = np.random.default_rng(0)
    made = np.empty((case.images, case.classes), np.float32)
    for start in range(0, case.images, BLOCK):
        rows = np.arange(start, min(start + BLOCK, case.images))
        logits = generator.gumbel(size=(len(rows), case.classes))
        logits[np.arange(len(rows)), rows % case.classes] += np.log(case.classes) + 1
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        made[rows] = odds / odds.sum(axis=1, keepdims=True)
    return made


def split_of(case: Case) -> Any:
    """Images of noise, labelled in turn."""
    from recognition.data.dataset import Split, image_hashes

    images = np.random.default_rng(0).integers(0, 256, (case.images, 32, 32, 3), dtype=np.uint8)
    return Split(images, (np.arange(case.images) % case.classes).astype(np.int32), image_hashes(images))


@contextmanager
def browser() -> Iterator[Any]:
    """The machine's Chromium; None, said aloud, where there is none."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        print("no Chromium here: the pages are not opened")
        yield None
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        chromium = playwright.chromium.launch(executable_path=executable, args=options)
        yield chromium
        chromium.close()


def switch_figure(case: Case, repeats: int, file: Path, chromium: Any) -> Figure:
    """The longest task when the matrix is switched, once for each view and repeat."""
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    start = time.perf_counter()
    page.goto(file.as_uri())
    page.evaluate(SETTLED)
    print(f"{case.name}: opened in {time.perf_counter() - start:.1f} s")
    page.evaluate(WATCH)
    times = [longest_task(page, view) for _ in range(repeats) for view in VIEWS]
    page.close()
    how = (f"Chromium {chromium.version}, longest task after a switch",)
    return Figure(f"report, {case.name}, matrix switched", how, tuple(times), "ms", 100.0, False)


def longest_task(page: Any, view: str) -> float:
    """Milliseconds of the longest task after a switch; 0 where none lasts 50."""
    page.evaluate("longTasks = [0]")
    page.check(f"[value={view}]")
    page.evaluate(SETTLED)
    longest: float = page.evaluate("Math.max(...longTasks)")
    return longest


if __name__ == "__main__":
    main()
