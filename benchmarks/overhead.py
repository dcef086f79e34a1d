"""Claim: all that surrounds the steps costs at most 10 s, and a run that finds everything cached at most 12 s.

Runs smoke.yaml on an empty state folder, and once more. The overhead of the first is the command's wall time without
the bodies of the steps and without imports of Python modules outside them, both measured inside the process: databases
made, the data set read and checked, artifacts stored and loaded, records, summary. Of the second, the whole wall time
counts, imports included.

    python benchmarks/overhead.py --repeats 3
"""

from __future__ import annotations

import atexit
import importlib._bootstrap as bootstrap
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

VARIABLE = "OVERHEAD_FILE"  # where the child process writes its times; set only in it


class Stopwatch:
    """Seconds inside some functions, none counted twice where they call each other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._busy = threading.local()

    def watch(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed in the main thread: what others do there is no wall time."""

        def timed(*arguments: Any, **options: Any) -> Any:
            main = threading.current_thread() is threading.main_thread()
            if not main or getattr(self._busy, "inside", False):
                return function(*arguments, **options)
            self._busy.inside, start = True, time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
                self._busy.inside = False

        return timed


def main() -> None:
    """Run twice, as often as asked for."""
    from command import run
    from measurement import Figure, arguments, publish

    parser = arguments(__doc__, repeats=3)
    parser.add_argument("--config", default="smoke.yaml")
    options = parser.parse_args()
    words, overheads, cached, command = [f"--config={options.config}"], [], [], ""
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            written, state = Path(folder) / "times.json", Path(folder) / "state"
            os.environ[VARIABLE] = str(written)
            cold = run(words, state, entry=(__file__,))
            del os.environ[VARIABLE]
            again = run(words, state)
            inside = json.loads(written.read_text(encoding="utf-8"))
        parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in inside.items())
        print(f"cold: {cold.seconds:.1f} s in all, {parts}; cached: {again.seconds:.1f} s")
        overheads.append(cold.seconds - sum(inside.values()))
        cached.append(again.seconds)
        command = cold.command
    figures = [
        Figure("pipeline, overhead of a first run", (command,), tuple(overheads), "s", 10.0, False),
        Figure("pipeline, all cached, imports included", (f"{command} (again)",), tuple(cached), "s", 12.0, False),
    ]
    publish("overhead", __doc__, figures, options.results)


def child(written: str) -> None:
    """Run the main job in this process, its steps and imports timed, and end the process as the command does."""
    watch = Stopwatch()
    bootstrap._find_and_load = watch.watch("imports", bootstrap._find_and_load)  # what every import calls
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import run_pipeline
    from operations.platform.environment import prepare_environment

    prepare_environment()  # before the import of zenml
    from zenml.steps import BaseStep

    BaseStep.call_entrypoint = watch.watch("steps", BaseStep.call_entrypoint)
    atexit.register(lambda: Path(written).write_text(json.dumps(watch.seconds), encoding="utf-8"))
    run_pipeline.command()


if __name__ == "__main__":
    if VARIABLE in os.environ:
        child(os.environ.pop(VARIABLE))
    main()
