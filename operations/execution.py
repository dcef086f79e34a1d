"""Run the pipeline; however it ends, ZenML and MLflow know."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zenml.client import Client
from zenml.enums import MetadataResourceTypes
from zenml.models import RunMetadataResource
from zenml.pipelines.pipeline_definition import Pipeline
from zenml.utils import source_utils

from operations import checkpoints, runs, tracking
from operations.cache import expire_lost_steps
from operations.code import code_hash
from operations.console import say
from operations.environment import PROJECT, keep_step_logs, state_folder
from operations.job import Job
from operations.locks import uninterrupted
from operations.stack import check_source_root
from operations.summary import Results, build_summary, load_results

PAGE, NUMBERS = "report.html", "metrics.json"


def execute(pipeline: Pipeline, cached_steps: tuple[str, ...], job: Job, use_cache: bool) -> Results:
    """Run the pipeline and wait for it.

    Args:
        pipeline: The pipeline to run.
        cached_steps: Names of its steps that are cached.
        job: What to run.
        use_cache: Whether steps may be taken from the cache.

    Raises:
        KeyboardInterrupt: On Ctrl-C; the run is then marked as stopped.
    """
    check_source_root(Client().active_stack)
    for name in runs.close_orphans():
        say(f"closed run {name}: its command was killed")
    checkpoints.remove_finished()  # of runs that ended after their training
    with runs.alive(job.run_name):
        try:
            with runs.stoppable(job.run_name):
                _submit(pipeline, cached_steps, job, use_cache)
                checkpoints.remove_finished()
                results = load_results(runs.find_run(job.run_name))
                _annotate(job, results)
        except BaseException as error:
            interrupted = _is_interruption(error)
            traceback.clear_frames(error.__traceback__)  # what they hold may keep a database locked
            with uninterrupted():
                _close(job, error, interrupted)
            if interrupted:
                raise KeyboardInterrupt from error
            raise
    return results


def publish(job: Job, results: Results, output: Path | None) -> dict[str, Any]:
    """Copy the report to where people look for it, and build the summary.

    Args:
        job: What ran.
        results: What it left behind.
        output: Folder for the report; None for one in the state folder.
    """
    folder = (output or state_folder() / "reports" / job.run_name).resolve()
    _write(folder, _files(results))
    return build_summary(results, job.recipe, job.commit, bool(job.fallback), folder / PAGE)


def _submit(pipeline: Pipeline, cached_steps: tuple[str, ...], job: Job, use_cache: bool) -> None:
    keep_step_logs()
    source_utils.set_custom_source_root(str(PROJECT))
    for name in expire_lost_steps(cached_steps):
        say(f"stored files of step {name} are gone: it will run again")
    code = {name: code_hash(f"steps.{name}") for name in cached_steps}
    configured = pipeline.with_options(run_name=job.run_name, enable_cache=None if use_cache else False)
    configured(job.config, code, job.recipe, job.commit, bool(job.fallback))


def _annotate(job: Job, results: Results) -> None:
    """Tell ZenML's and MLflow's records of the run what came of it, where it came from, and give MLflow the report."""
    tags = {"recipe": job.recipe, "commit": job.commit or "none", "fallback": job.fallback or "no"}
    outcome = {"test_accuracy": results.metrics.accuracy, "decision": results.decision.decision}
    resource = RunMetadataResource(id=results.run.id, type=MetadataResourceTypes.PIPELINE_RUN)
    Client().create_run_metadata(metadata={**tags, **outcome}, resources=[resource])
    source = {"mlflow.source.name": "run_pipeline.py", "mlflow.source.git.commit": tags["commit"]}
    tracking.finish_run(tracking.connect(), job.run_name, _files(results), {**tags, **source})


def _close(job: Job, error: BaseException, interrupted: bool) -> None:
    if interrupted:
        runs.close_run(job.run_name, runs.STOPPED, "interrupted")
    else:
        runs.close_run(job.run_name, runs.FAILED, str(error).partition("\n")[0][:200])


def _files(results: Results) -> dict[str, str]:
    return {PAGE: results.page, NUMBERS: results.numbers}


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _is_interruption(error: BaseException) -> bool:
    """Whether an error is what Ctrl-C becomes; inside a step, ZenML may have turned it into its own."""
    return isinstance(error, KeyboardInterrupt) or type(error).__name__ == "RunInterruptedException"
