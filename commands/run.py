"""`--config FILE`, without a verb: the main job."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from commands.options import Parser, add_run_options, run_options
from operations.platform.environment import PROJECT
from recognition.configuration.loading import find_config, load_config
from recognition.errors import InputError

if TYPE_CHECKING:
    from operations.runs.job import Job, RunOptions
    from recognition.configuration.schema import RunConfig

CONFIGS = PROJECT / "configs"
DESCRIPTION = "Train, evaluate, register and judge an image classifier."


def parser(epilog: str = "") -> argparse.ArgumentParser:
    """Its options.

    Args:
        epilog: What to print below them.
    """
    parser = Parser(
        "run_pipeline.py", description=DESCRIPTION, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", required=True, metavar="FILE", help="a path, or a name in configs/")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override a key, such as train.epochs=3"
    )
    add_run_options(parser)
    return parser


def run(options: argparse.Namespace) -> int:
    """Check everything, run the pipeline, tell what came of it; the exit status."""
    config, recipe = load_config(find_config(options.config, CONFIGS), options.set), Path(options.config).stem
    return carry_out(checked(config, recipe, run_options(options)))


def carry_out(job: Job) -> int:
    """Describe a checked run, execute it, tell what came of it; the exit status.

    Args:
        job: What to run, of any kind.
    """
    from operations.platform.stack import active_stack_name
    from operations.runs.job import TrainingJob

    for line in filter(None, [job.warning, *(f"note: {note}" for note in job.notes)]):
        print(line)
    print(job.describe(active_stack_name()), flush=True)
    if os.environ.get("TF_CONFIG") and isinstance(job, TrainingJob):
        from operations.runs import worker

        worker.join(job.config.train, job.config.resources.threads)
        if not worker.is_chief(job):
            worker.work(job)
            return 0
        if worker.has_others(job):  # they wait for the chief's training
            job = replace(job, options=replace(job.options, use_cache=False))
    from operations.runs.execution import execute  # what is checked goes first, as to import ZenML takes seconds

    ending = execute(import_module(f"pipelines.{job.kind}").KIND, job)
    if job.options.summary:
        job.options.summary.write_text(json.dumps(ending.summary, indent=1) + "\n", encoding="utf-8")
    print(f"\n{ending.message}")
    if job.warning:
        print(job.warning)
    return ending.status


def checked(config: RunConfig, recipe: str, options: RunOptions) -> Job:
    """Check everything; whoever `notify` names is told of what is wrong, as nobody looks at a nightly run."""
    from operations.outcomes.notify import check_notify, notify_failure

    if options.copy_errors:
        check_copies(options.copy_errors, config)
    if config.notify:
        check_notify(config.notify)
    try:
        if config.predict.paths is not None:
            from operations.runs.prediction_run import check_prediction

            return check_prediction(config, recipe, options)
        from operations.runs.job import check_job

        return check_job(config, recipe, options)
    except Exception as error:
        notify_failure(config, recipe, error)
        raise


def check_copies(folder: Path, config: RunConfig) -> None:
    """Raise InputError unless the run will find wrongly predicted images, and may copy them to the folder."""
    from recognition.report.error_files import check_errors_folder

    if config.calibrate or config.predict.paths is not None:
        section = "the section calibrate" if config.calibrate else "predict.paths"
        raise InputError("--copy-errors needs a training", received=f"a configuration with {section}")
    check_errors_folder(folder, config.data)
