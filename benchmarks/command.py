"""The main job in a process of its own, as a user starts it, on a state folder of its own."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from memory import Peak, watch

PROJECT = Path(__file__).resolve().parent.parent
ENTRY = (str(PROJECT / "run_pipeline.py"),)


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        command: What a user would type.
        seconds: Wall time of the process.
        peak: Its highest memory.
        summary: What `--summary` wrote: docs/summary.md.
    """

    command: str
    seconds: float
    peak: Peak
    summary: dict[str, Any]


def run(arguments: Sequence[str], state: Path | None = None, entry: Sequence[str] = ENTRY) -> Run:
    """Run the main job and wait for it; where it fails, this process ends too.

    Args:
        arguments: The command's, without `--summary`.
        state: Its state folder; None for the one that the user has.
        entry: What runs the command.
    """
    settings = {} if state is None else {"RECOGNITION_STATE": str(state)}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ZENML_", "MLFLOW_"))}
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder) / "summary.json"
        words = [sys.executable, *entry, *arguments, "--summary", str(summary)]
        start = time.perf_counter()
        peak = watch(psutil.Popen(words, env={**inherited, **settings}))
        seconds = time.perf_counter() - start
        if not summary.is_file():
            sys.exit(f"failed: {shlex.join(words)}")
        result = json.loads(summary.read_text(encoding="utf-8"))
    return Run(shlex.join(["python", "run_pipeline.py", *arguments]), seconds, peak, result)
