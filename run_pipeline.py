#!/usr/bin/env python3
"""The one command: read a configuration, show the plan, run the pipeline, print the summary."""

from __future__ import annotations

import argparse
import errno
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Never

from operations.environment import PROJECT, prepare_environment, shell_line
from recognition.configuration.loading import find_config, load_config
from recognition.errors import InputError, RecognitionError, Terminated

if TYPE_CHECKING:
    from operations.job import Job
    from recognition.configuration.schema import RunConfig

CONFIGS = PROJECT / "configs"
INTERRUPTED, TERMINATED = 130, 143
DESCRIPTION = "Train, evaluate, register and judge an image classifier."
OTHERS = """other commands:
  run_pipeline.py env                   print the line that lets the commands
                                        zenml and mlflow see the same state
  run_pipeline.py dashboard start|stop  lineage and experiments in the browser
  run_pipeline.py extend RUN --epochs N train a finished run for longer
  run_pipeline.py compare RUN RUN ...   finished runs side by side, on one page"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 done, 1 failed, 2 bad input, 130 interrupted, 143 terminated."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    prepare_environment(options.debug)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, terminate)
    try:
        options.action(options)
    except KeyboardInterrupt as interruption:
        terminated = isinstance(interruption, Terminated)
        word = "terminated" if terminated else "interrupted"
        print(f"\n{word}: the same command goes on from the last checkpoint", file=sys.stderr)
        return TERMINATED if terminated else INTERRUPTED
    except Exception as error:
        if options.debug:
            traceback.print_exc()
        return explain(error)
    return 0


def terminate(signum: int, frame: FrameType | None) -> Never:
    """End in an orderly way, as Ctrl-C does."""
    raise Terminated


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Parse the command line."""
    if list(words[:1]) == ["env"]:
        return argparse.Namespace(action=lambda _: print(shell_line()), debug=False)
    if list(words[:1]) == ["dashboard"]:
        return dashboard_parser().parse_args(words[1:])
    if list(words[:1]) == ["extend"]:
        return extend_parser().parse_args(words[1:])
    if list(words[:1]) == ["compare"]:
        return compare_parser().parse_args(words[1:])
    return run_parser().parse_args(words)


def run_parser() -> argparse.ArgumentParser:
    """The main job's options."""
    parser = argparse.ArgumentParser(
        "run_pipeline.py", description=DESCRIPTION, epilog=OTHERS, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", required=True, metavar="FILE", help="a path, or a name in configs/")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override a key, such as train.epochs=3"
    )
    _add_common(parser)
    parser.set_defaults(action=run)
    return parser


def extend_parser() -> argparse.ArgumentParser:
    """The options of `extend`."""
    parser = argparse.ArgumentParser("run_pipeline.py extend", description="Train a finished run for longer.")
    parser.add_argument("run", metavar="RUN", help="its name or the last part of it, latest, champion, …")
    parser.add_argument("--epochs", type=int, required=True, metavar="N", help="how many more")
    parser.add_argument("--schedule", metavar="NAME", help="learning rate over them: cosine, constant or one_cycle")
    parser.add_argument("--learning-rate", type=float, metavar="RATE", help="its highest; a tenth of the run's")
    _add_common(parser)
    parser.set_defaults(action=extend)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-cache", action="store_true", help="run every step, whatever ran before")
    parser.add_argument("--fresh", action="store_true", help="ignore the checkpoint of an interrupted training")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write report.html and metrics.json there")
    parser.add_argument(
        "--copy-errors", type=Path, metavar="DIR", help="gather the wrongly predicted test images in a new folder"
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks and what the libraries say")


def dashboard_parser() -> argparse.ArgumentParser:
    """The options of `dashboard`."""
    parser = argparse.ArgumentParser("run_pipeline.py dashboard", description="ZenML's and MLflow's pages, locally.")
    parser.add_argument("verb", choices=("start", "stop"))
    parser.add_argument("--port", type=int, default=8237, help="ZenML's; MLflow takes the next one (%(default)s)")
    parser.add_argument("--debug", action="store_true", help="show tracebacks and what the libraries say")
    parser.set_defaults(action=dashboard)
    return parser


def compare_parser() -> argparse.ArgumentParser:
    """The options of `compare`."""
    parser = argparse.ArgumentParser("run_pipeline.py compare", description="Finished runs side by side, on one page.")
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="a run's name or its last part, its id or the beginning of it, latest, champion, or MODEL@champion; "
        "two or more, the first is the baseline",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="write comparison.html there")
    parser.add_argument("--debug", action="store_true", help="show tracebacks and what the libraries say")
    parser.set_defaults(action=compare)
    return parser


def run(options: argparse.Namespace) -> None:
    """Check everything, run the pipeline, tell what came of it."""
    carry_out(load_config(find_config(options.config, CONFIGS), options.set), Path(options.config).stem, options)


def extend(options: argparse.Namespace) -> None:
    """Run the configuration of a finished run again, for more epochs from where it ended."""
    from operations.checkpoints import recipe_of
    from operations.parent import extended, full_name, used_fallback

    name = full_name(options.run)
    config = extended(name, options.epochs, options.schedule, options.learning_rate)
    carry_out(config, recipe_of(name), options, used_fallback(name))


def carry_out(config: RunConfig, recipe: str, options: argparse.Namespace, fallback: bool = False) -> None:
    """Check everything, run the pipeline, tell what came of it."""
    if options.copy_errors:
        check_copies(options.copy_errors, config)
    from operations.job import check_job, describe_job

    job = check_job(config, recipe, written_folders(options), options.fresh)
    if fallback:
        job = replace(job, fallback="the run that it goes on with used it")
    fallback = f"FALLBACK DATA: {job.config.data.source} stands in, because {job.fallback}" if job.fallback else ""
    for line in filter(None, [fallback, *(f"note: {note}" for note in job.notes)]):
        print(line)
    if options.fresh:
        os.environ["RECOGNITION_FRESH"] = "1"

    from operations.stack import active_stack_name

    print(describe_job(job, active_stack_name()), flush=True)
    if os.environ.get("TF_CONFIG"):
        from operations import worker

        worker.join(job)
        if not worker.is_chief(job):
            worker.work(job)
            return
        options.no_cache |= worker.is_shared(job)  # the other workers wait for the chief's training
    summary, told = (run_calibration if job.config.calibrate else run_training)(job, options)
    if options.summary:
        options.summary.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(f"\n{told}")
    if fallback:
        print(fallback)


def run_training(job: Job, options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Run the training pipeline; its summary as JSON and as text."""
    from operations.execution import execute, publish
    from operations.summary import copy_wrong_images, render_summary
    from pipelines.training import CACHED_STEPS, training

    results = execute(training, CACHED_STEPS, job, not options.no_cache)
    summary = publish(job, results, options.output)
    copied = [copy_wrong_images(results, job.config.data, options.copy_errors)] if options.copy_errors else []
    return summary, "\n".join([render_summary(summary), *copied])


def run_calibration(job: Job, options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Run the calibration pipeline; its summary as JSON and as text."""
    from operations.calibration import execute, publish, render_summary
    from pipelines.calibration import CACHED_STEPS, calibration

    summary = publish(job, execute(calibration, CACHED_STEPS, job, not options.no_cache), options.output)
    return summary, render_summary(summary)


def dashboard(options: argparse.Namespace) -> None:
    """Start or stop the local dashboards."""
    from operations.dashboard import start, stop

    if options.verb == "start":
        start(options.port)
    else:
        stop()


def compare(options: argparse.Namespace) -> None:
    """Compare finished runs; print what differs and where the page is."""
    from operations.comparison import compare, render_comparison

    print(render_comparison(*compare(options.runs, options.output)))


def written_folders(options: argparse.Namespace) -> dict[str, Path]:
    """Folders that the options ask to write, by what they are for."""
    if options.summary and os.path.isdir(options.summary):
        raise InputError("--summary names a folder", received=str(options.summary), expected="a file to write")
    folders = {
        "folder of --output": options.output,
        "folder of --summary": options.summary and options.summary.parent,
        "folder of --copy-errors": options.copy_errors,
    }
    return {purpose: folder for purpose, folder in folders.items() if folder is not None}


def check_copies(folder: Path, config: RunConfig) -> None:
    """Raise InputError unless the run will find wrongly predicted images, and may copy them to the folder."""
    from recognition.report.error_files import check_errors_folder

    if config.calibrate:
        raise InputError("--copy-errors needs a training", received="a configuration with the section calibrate")
    check_errors_folder(folder, config.data)


def explain(error: Exception) -> int:
    """Print an error of ours as it is, any other in two lines; return the exit status."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        error = InputError("there is no space left", received=str(error), remedy="make room and run again")
    if isinstance(error, RecognitionError):
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    first = (str(error).strip() or "no message").splitlines()[0][:500]
    print(f"error: {type(error).__name__}: {first}\n  to mend: --debug shows the traceback", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
