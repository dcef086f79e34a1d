"""`--config FILE`, without a verb: the main job."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.options import SOME_FAILED, Parser, add_run_options, written_folders
from operations.environment import PROJECT
from recognition.configuration.loading import find_config, load_config
from recognition.errors import InputError

if TYPE_CHECKING:
    from operations.job import Job
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
    if config.predict.paths is not None:
        return run_prediction(config, recipe, options)
    return carry_out(config, recipe, options)


def carry_out(config: RunConfig, recipe: str, options: argparse.Namespace, fallback: bool = False) -> int:
    """Check everything, run the pipeline, tell what came of it; the exit status, 4 for a refused retraining.

    Args:
        config: What to run.
        recipe: Name of the configuration.
        options: Those of `add_run_options`.
        fallback: Whether the fallback data set is used whatever is there.
    """
    if options.copy_errors:
        check_copies(options.copy_errors, config)
    from operations.job import describe_job

    job = checked_job(config, recipe, options)
    if fallback:
        job = replace(job, fallback="the run that it goes on with used it")
    warning = f"FALLBACK DATA: {job.config.data.source} stands in, because {job.fallback}" if job.fallback else ""
    for line in filter(None, [warning, *(f"note: {note}" for note in job.notes)]):
        print(line)
    if options.fresh:
        os.environ["RECOGNITION_FRESH"] = "1"

    from operations.stack import active_stack_name, describe_resources

    print(describe_job(job, active_stack_name(), describe_resources(job.config.resources)), flush=True)
    if os.environ.get("TF_CONFIG"):
        from operations import worker

        worker.join(job.config.train, job.config.resources.threads)
        if not worker.is_chief(job):
            worker.work(job)
            return 0
        options.no_cache |= worker.has_others(job)  # the other workers wait for the chief's training
    summary, told, status = (run_calibration if job.config.calibrate else run_training)(job, options)
    if options.summary:
        options.summary.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(f"\n{told}")
    if warning:
        print(warning)
    return status


def checked_job(config: RunConfig, recipe: str, options: argparse.Namespace) -> Job:
    """Check everything; whoever `notify` names is told of what is wrong, as nobody looks at a nightly run."""
    from operations.job import check_job
    from operations.notify import check_notify, tell_failure

    if config.notify:
        check_notify(config.notify)
    try:
        return check_job(config, recipe, written_folders(options), options.fresh)
    except Exception as error:
        tell_failure(config, recipe, error)
        raise


def run_training(job: Job, options: argparse.Namespace) -> tuple[dict[str, Any], str, int]:
    """Run the training pipeline; its summary as JSON and as text, and the exit status."""
    from operations.execution import execute, publish, publish_refusal
    from operations.results import copy_wrong_images
    from operations.summary_text import render_refusal, render_summary
    from pipelines.training import CACHED_STEPS, training
    from recognition.training.retraining import RetrainingRefused

    try:
        results = execute(training, CACHED_STEPS, job, not options.no_cache)
    except RetrainingRefused as refusal:
        summary = publish_refusal(job, refusal.problem, options.output)
        return summary, render_refusal(summary, refusal.remedy), refusal.exit_status
    summary = publish(job, results, options.output)
    copied = [copy_wrong_images(results, job.config.data, options.copy_errors)] if options.copy_errors else []
    return summary, "\n".join([render_summary(summary), *copied]), 0


def run_calibration(job: Job, options: argparse.Namespace) -> tuple[dict[str, Any], str, int]:
    """Run the calibration pipeline; its summary as JSON and as text, and the exit status."""
    from operations.calibration import execute, publish, render_summary
    from pipelines.calibration import CACHED_STEPS, calibration

    summary = publish(job, execute(calibration, CACHED_STEPS, job, not options.no_cache), options.output)
    return summary, render_summary(summary), 0


def run_prediction(config: RunConfig, recipe: str, options: argparse.Namespace) -> int:
    """Check everything, run the prediction pipeline, tell what came of it; the exit status of `predict`."""
    if options.fresh:
        raise InputError(
            "--fresh needs a training",
            received="a configuration with predict.paths",
            remedy="leave it out: a prediction keeps no checkpoint, and each of its steps always runs",
        )
    if options.copy_errors:
        check_copies(options.copy_errors, config)
    from operations.prediction_run import check_prediction, describe_prediction, execute, publish, render_summary
    from operations.stack import active_stack_name
    from pipelines.prediction import CACHED_STEPS, prediction

    job = check_prediction(config, recipe, written_folders(options))
    for note in job.notes:
        print(f"note: {note}")
    print(describe_prediction(job, active_stack_name()), flush=True)
    summary = publish(job, execute(prediction, CACHED_STEPS, job, not options.no_cache), options.output)
    if options.summary:
        options.summary.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(f"\n{render_summary(summary)}")
    return SOME_FAILED if summary["failed"] else 0


def check_copies(folder: Path, config: RunConfig) -> None:
    """Raise InputError unless the run will find wrongly predicted images, and may copy them to the folder."""
    from recognition.report.error_files import check_errors_folder

    if config.calibrate or config.predict.paths is not None:
        section = "the section calibrate" if config.calibrate else "predict.paths"
        raise InputError("--copy-errors needs a training", received=f"a configuration with {section}")
    check_errors_folder(folder, config.data)
