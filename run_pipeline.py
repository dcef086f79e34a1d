#!/usr/bin/env python3
"""The one command: read a configuration, show the plan, run the pipeline, print the summary."""

from __future__ import annotations

import argparse
import errno
import importlib.metadata
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from operations.environment import PROJECT, check_writable, data_cache, prepare_environment, shell_line, state_folder
from recognition.configuration.loading import find_config, load_config, used_config
from recognition.configuration.schema import RunConfig
from recognition.errors import InputError, RecognitionError

CONFIGS = PROJECT / "configs"
INTERRUPTED = 130
FREE_BYTES = 150_000_000  # databases, a model, its checkpoints
PACKAGES = ("tensorflow", "keras", "zenml", "mlflow")


@dataclass(frozen=True)
class Job:
    """A checked run: nothing of it has started yet.

    Attributes:
        config: The configuration to use, the fallback's values included.
        recipe: Name of the configuration file.
        fallback: Why the fallback data set is used; empty where it is not.
        commit: The code's commit, where there is one.
        run_name: Name of the ZenML and MLflow runs.
    """

    config: RunConfig
    recipe: str
    fallback: str
    commit: str | None
    run_name: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 done, 1 failed, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    prepare_environment(options.debug)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return int(options.action(options) or 0)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if options.debug:
            traceback.print_exc()
        return explain(error)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="run_pipeline.py",
        description="Train, evaluate, register and judge an image classifier, as a configuration says.",
        epilog="Other commands: `run_pipeline.py env` prints the line that lets ZenML's and MLflow's own commands see "
        "the same state; `run_pipeline.py dashboard start|stop` shows lineage and experiments in the browser.",
    )
    parser.add_argument("--config", required=True, metavar="FILE", help="a path, or a name in configs/")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override a key, such as train.epochs=3"
    )
    parser.add_argument("--no-cache", action="store_true", help="run every step, whatever ran before")
    parser.add_argument("--fresh", action="store_true", help="ignore the checkpoint of an interrupted training")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--output", type=Path, metavar="DIR", help="copy report.html and metrics.json there")
    parser.add_argument("--debug", action="store_true", help="show tracebacks and what the libraries say")
    parser.set_defaults(action=run)
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["env"]:
        return argparse.Namespace(action=lambda _: print(shell_line()), debug=False)
    if words[:1] == ["dashboard"]:
        return parse_dashboard(words[1:])
    return parser.parse_args(words)


def parse_dashboard(words: Sequence[str]) -> argparse.Namespace:
    """Parse `dashboard start|stop`."""
    parser = argparse.ArgumentParser(prog="run_pipeline.py dashboard", description="Local dashboards.")
    parser.add_argument("verb", choices=("start", "stop"))
    parser.add_argument("--port", type=int, default=8237, help="ZenML's; MLflow takes the next one (%(default)s)")
    parser.add_argument("--debug", action="store_true")
    parser.set_defaults(action=dashboard)
    return parser.parse_args(words)


def dashboard(options: argparse.Namespace) -> None:
    """Start or stop the local dashboards."""
    from operations.dashboard import start, stop

    start(options.port) if options.verb == "start" else stop()


def run(options: argparse.Namespace) -> int:
    """Check everything, run the pipeline, tell what came of it."""
    config = load_config(find_config(options.config, CONFIGS), options.set)
    job = check(config, Path(options.config).stem, options)
    if options.fresh:
        os.environ["RECOGNITION_FRESH"] = "1"
    if job.fallback:
        shout(job)
    show_plan(job)
    results = execute(job, options)
    summary = publish(job, results, options)
    from operations.summary import render_summary

    print(f"\n{render_summary(summary)}")
    if job.fallback:
        shout(job)
    return 0


def check(config: RunConfig, recipe: str, options: argparse.Namespace) -> Job:
    """Check configuration, folders and data; nothing has started when this raises."""
    from recognition.data.preload import preload_dataset
    from recognition.data.sources import resolve_source
    from recognition.preflight import check_fits
    from recognition.training.device import check_requested

    check_requested(config.train.device)
    check_writable(state_folder(), "state folder")
    for path, purpose in (
        (options.output, "--output folder"),
        (options.summary and options.summary.parent, "folder of --summary"),
    ):
        if path is not None:
            check_writable(path, purpose)
    source = resolve_source(config.data, data_cache())
    config = used_config(config, source.fallback_used)
    dataset = preload_dataset(config.data, data_cache())
    check_fits(config, dataset)
    check_space(sum(split.images.nbytes for split in dataset.splits.values()) + FREE_BYTES)
    for note in dataset.notes:
        print(f"note: {note}")
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return Job(config, recipe, source.reason, git_commit(), f"{recipe}-{now}-{uuid4().hex[:6]}")


def check_space(needed: int) -> None:
    """Refuse to start on a disk that is all but full."""
    free = shutil.disk_usage(state_folder()).free
    if free < needed:
        raise InputError(
            "there is too little space for the state folder",
            received=f"{free / 1e6:.0f} MB free at {state_folder()}",
            expected=f"{needed / 1e6:.0f} MB for images, model and databases",
            remedy="make room, or set RECOGNITION_STATE to a folder on another disk",
        )


def show_plan(job: Job) -> None:
    """Print what will run."""
    from zenml.client import Client

    config, stack = job.config, Client().active_stack_model
    train = config.train
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    lines = {
        "data": config.data.source,
        "network": train.network,
        "recipe": f"{job.recipe}: {train.epochs} epochs, batch {train.batch_size}, {train.optimizer} at "
        f"{train.learning_rate:g}, {train.schedule}, seed {train.seed}",
        "device": f"{train.device}, precision {train.precision}",
        "stack": stack.name,
        "model": config.model.name,
        "versions": f"Python {platform.python_version()}, {versions}",
        "state": state_folder(),
    }
    print(job.run_name)
    print("\n".join(f"  {name:<10}{text}" for name, text in lines.items()), flush=True)


def execute(job: Job, options: argparse.Namespace) -> Any:
    """Run the pipeline; however it ends, ZenML and MLflow know."""
    from operations import runs

    closed = runs.close_orphans()
    if closed:
        print(f"closed {len(closed)} run(s) of commands that were killed: {', '.join(closed)}")
    with runs.alive(job.run_name):
        try:
            with runs.stoppable(job.run_name):
                return submit(job, options)
        except BaseException as error:
            interrupted = is_interruption(error)
            runs.close_run(
                job.run_name,
                runs.STOPPED if interrupted else runs.FAILED,
                "interrupted" if interrupted else str(error).split("\n")[0][:200],
            )
            if interrupted:
                raise KeyboardInterrupt from error
            raise


def submit(job: Job, options: argparse.Namespace) -> Any:
    """Submit the pipeline and wait for it."""
    from zenml.utils import source_utils

    from operations import checkpoints
    from operations.cache import expire_lost_steps
    from operations.code import code_hash
    from operations.runs import find_run
    from operations.summary import load_results
    from pipelines.training import CACHED_STEPS, training

    source_utils.set_custom_source_root(str(PROJECT))
    for name in expire_lost_steps(CACHED_STEPS):
        print(f"stored files of step {name} are gone: it will run again")
    code = {name: code_hash(f"steps.{name}") for name in CACHED_STEPS}
    configured = training.with_options(run_name=job.run_name, enable_cache=False if options.no_cache else None)
    configured(job.config, code, job.recipe, job.commit, bool(job.fallback))
    checkpoints.remove_finished()
    return load_results(find_run(job.run_name))


def publish(job: Job, results: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Copy the report, end the MLflow run, write the summary."""
    from operations import tracking
    from operations.summary import build_summary

    folder = (options.output or state_folder() / "reports" / job.run_name).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(results.page, encoding="utf-8")
    (folder / "metrics.json").write_text(results.numbers, encoding="utf-8")
    client = tracking.connect()
    tracking.finish_run(client, job.run_name, {"report.html": results.page, "metrics.json": results.numbers})
    summary = build_summary(results, job.config, job.recipe, job.commit, bool(job.fallback), folder / "report.html")
    if options.summary:
        options.summary.write_text(json.dumps(summary, indent=1) + "\n")
    return summary


def shout(job: Job) -> None:
    """Say, so that nobody misses it, that these are not the images that were asked for."""
    print(f"FALLBACK DATA: {job.config.data.source} is used, because {job.fallback}")


def is_interruption(error: BaseException) -> bool:
    """Whether an error is what Ctrl-C becomes, inside a step or outside."""
    return isinstance(error, KeyboardInterrupt) or type(error).__name__ == "RunInterruptedException"


def explain(error: Exception) -> int:
    """Print an error of ours as it is, any other in two lines; return the exit status."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        error = InputError("there is no space left", received=str(error), remedy="make room and run again")
    if isinstance(error, RecognitionError):
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    first = (str(error).strip() or type(error).__name__).splitlines()[0][:500]
    print(
        f"error: {type(error).__name__}: {first}\n  to mend: run again with --debug for the traceback", file=sys.stderr
    )
    return 1


def git_commit() -> str | None:
    """The commit of this checkout, with "+changes" where files differ from it; None outside git."""
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty=+changes", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None


if __name__ == "__main__":
    sys.exit(main())
