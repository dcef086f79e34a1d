"""Run the pipeline; however it ends, ZenML and MLflow know."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeVar

from zenml.client import Client
from zenml.enums import MetadataResourceTypes
from zenml.models import RunMetadataResource
from zenml.pipelines.pipeline_definition import Pipeline
from zenml.utils import source_utils

from operations import checkpoints, mlflow_runs, notify, runs, tracking
from operations.announcement import announce
from operations.cache import expire_lost_steps
from operations.code import code_hash
from operations.console import say
from operations.environment import PROJECT, keep_step_logs, state_folder
from operations.job import Job
from operations.kubernetes.follow import Left, follow
from operations.kubernetes.settings import configured as configured_for
from operations.kubernetes.stack_check import check_resources
from operations.kubernetes.target import Target, active_target
from operations.repair import repair
from operations.results import DATA_PAGE, PAGE, Results, load_outputs, load_results
from operations.stack import check_source_root
from operations.summary import build_refusal, build_summary
from operations.termination import uninterrupted
from operations.unfinished import give_up
from operations.unreachable import ZENML, silent_server
from recognition.errors import Terminated
from recognition.training.retraining import RetrainingRefused

Outcome = TypeVar("Outcome")


def execute(pipeline: Pipeline, cached_steps: tuple[str, ...], job: Job, use_cache: bool) -> Results:
    """Run the training pipeline and wait for it; arguments and errors as of `supervise`."""
    return supervise(pipeline, cached_steps, job, use_cache, _finish)


def supervise(
    pipeline: Pipeline,
    cached_steps: tuple[str, ...],
    job: Job,
    use_cache: bool,
    finish: Callable[[Job, Any], Outcome],
) -> Outcome:
    """Run a pipeline, wait for it, and finish its records.

    Args:
        pipeline: The pipeline to run.
        cached_steps: Names of its steps that are cached.
        job: What to run.
        use_cache: Whether steps may be taken from the cache.
        finish: Loads what ZenML's record of the run has left behind, and annotates the run.

    Raises:
        InputError: If the stack is on a cluster and does not work, or a GPU is asked for that is not there.
        Left: If the run goes on on a cluster, and the command does not.
        KeyboardInterrupt: On Ctrl-C, and Terminated on SIGTERM; the run is then marked as stopped.
    """
    check_source_root(Client().active_stack)
    target = active_target()
    check_resources(Client().active_stack, target, job.config)
    for name in runs.close_orphans():
        say(f"closed run {name}: its command was killed")
    for line in repair(tracking.connect()):
        say(f"mended {line}")
    checkpoints.remove_finished()  # of runs that ended after their training
    is_here = target is None
    with runs.alive(job.run_name) if is_here else nullcontext():  # a cluster's runs outlive the command
        try:
            with runs.stoppable(job.run_name) if is_here else nullcontext():
                _submit(pipeline, cached_steps, job, use_cache, target)
                if target is not None:
                    follow(job.run_name, target, job.config.resources.pending_timeout)
                checkpoints.remove_finished()
                outcome = finish(job, runs.find_run(job.run_name))
        except Left:
            raise
        except BaseException as error:
            interrupted = _is_interruption(error)
            traceback.clear_frames(error.__traceback__)  # what they hold may keep a database locked
            with uninterrupted():
                _close(job, error, interrupted)
            if interrupted:
                told = error.args if isinstance(error, KeyboardInterrupt) else ()
                raise (Terminated if isinstance(error, Terminated) else KeyboardInterrupt)(*told) from error
            if not isinstance(error, RetrainingRefused):
                notify.tell_failure(job.config, job.recipe, error, job.run_name)
            raise
    return outcome


def publish(job: Job, results: Results, output: Path | None) -> dict[str, Any]:
    """Copy pages and numbers to where people look for them, and build the summary.

    Args:
        job: What ran.
        results: What it left behind.
        output: Folder for them; None for one in the state folder.
    """
    folder = report_folder(job, output)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in results.files.items():
        (folder / name).write_bytes(content)
    summary = build_summary(results, job.recipe, job.commit, bool(job.fallback), folder / PAGE)
    announce(job.config, job.recipe, summary, results)
    return summary


def publish_refusal(job: Job, reason: str, output: Path | None) -> dict[str, Any]:
    """Copy the data report of a refused retraining to where people look for it, and build the summary.

    Args:
        job: What ran.
        reason: Why it was refused.
        output: Folder for the report; None for one in the state folder.
    """
    folder, run = report_folder(job, output), runs.find_run(job.run_name)
    folder.mkdir(parents=True, exist_ok=True)
    (page,) = load_outputs(run, "data_report")
    (folder / DATA_PAGE).write_text(page, encoding="utf-8")
    summary = build_refusal(run, reason, job.commit, bool(job.fallback), folder / DATA_PAGE)
    notify.tell_end(job.config, job.recipe, summary, run)
    return summary


def report_folder(job: Job, output: Path | None) -> Path:
    """Where people look for what a run found: the folder they asked for, else one in the state folder."""
    return (output or state_folder() / "reports" / job.run_name).resolve()


def annotate(job: Job, run: Any, outcome: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Tell ZenML's and MLflow's records of a run what came of it and where it came from, and give MLflow its files.

    Args:
        job: What ran.
        run: ZenML's record of the run.
        outcome: What came of it, by name.
        files: Contents by file name.
    """
    tags = {"recipe": job.recipe, "commit": job.commit or "none", "fallback": job.fallback or "no"}
    resource = RunMetadataResource(id=run.id, type=MetadataResourceTypes.PIPELINE_RUN)
    Client().create_run_metadata(metadata={**tags, **outcome}, resources=[resource])
    source = {"mlflow.source.name": "run_pipeline.py", "mlflow.source.git.commit": tags["commit"]}
    mlflow_runs.finish_run(tracking.connect(), job.run_name, files, {**tags, **source})


def annotate_results(job: Job, results: Results) -> None:
    """Tell ZenML's and MLflow's records of a training what came of it.

    Args:
        job: What ran.
        results: What it left behind.
    """
    outcome = {
        "test_accuracy": results.metrics.accuracy,
        "decision": results.decision.decision,
        "data_change": results.change.verdict,
    }
    annotate(job, results.run, outcome, results.files)


def _finish(job: Job, run: Any) -> Results:
    results = load_results(run)
    annotate_results(job, results)
    if job.config.retrain:
        give_up(job.task)
    return results


def prepare_submission() -> None:
    """Let ZenML store what steps print, and send this checkout where it sends code at all."""
    keep_step_logs()
    source_utils.set_custom_source_root(str(PROJECT))


def _submit(
    pipeline: Pipeline, cached_steps: tuple[str, ...], job: Job, use_cache: bool, target: Target | None
) -> None:
    prepare_submission()
    for name in expire_lost_steps(cached_steps):
        say(f"stored files of step {name} are gone: it will run again")
    code = {name: code_hash(f"steps.{name}") for name in cached_steps} | {"initial weights": job.initial}
    if target is not None:
        pipeline = configured_for(pipeline, cached_steps, job.config, target)
    configured = pipeline.with_options(run_name=job.run_name, enable_cache=None if use_cache else False)
    configured(job.config, code, job.recipe, job.commit, bool(job.fallback))


def _close(job: Job, error: BaseException, interrupted: bool) -> None:
    if interrupted:
        runs.close_run(job.run_name, runs.STOPPED, "interrupted")
    elif (server := silent_server(error)) == ZENML:  # the next command closes the run
        pass
    elif server:  # the next command closes MLflow's
        runs.close_in_zenml(job.run_name, runs.FAILED, "the MLflow server does not answer")
    else:
        runs.close_run(job.run_name, runs.FAILED, str(error).partition("\n")[0][:200])


def _is_interruption(error: BaseException) -> bool:
    """Whether an error is what Ctrl-C becomes; inside a step, ZenML may have turned it into its own."""
    return isinstance(error, KeyboardInterrupt) or type(error).__name__ == "RunInterruptedException"
