"""Run a pipeline; however it ends, ZenML and MLflow know."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from zenml.client import Client
from zenml.enums import MetadataResourceTypes
from zenml.models import RunMetadataResource
from zenml.utils import source_utils

from operations.outcomes import notify
from operations.platform.cache import expire_lost_steps
from operations.platform.code import code_hash
from operations.platform.console import echo
from operations.platform.environment import PROJECT, keep_step_logs
from operations.platform.stack import check_source_root
from operations.platform.termination import Left, uninterrupted
from operations.platform.unreachable import ZENML, silent_server
from operations.registry.repair import repair
from operations.runs.job import Job
from operations.runs.kind import AnyJob, Ending, Kind, Results
from operations.runs.place import Place, active_place
from operations.tracking import connection, mlflow_runs, runs
from operations.training import checkpoints
from recognition.errors import Terminated
from recognition.training.retraining import RetrainingRefused


def execute(kind: Kind[AnyJob, Results], job: AnyJob) -> Ending:
    """Run a pipeline, wait for it, finish its records, and put what came of it where people look for it.

    Args:
        kind: What is run, and what it leaves.
        job: What to run.

    Raises:
        InputError: If the stack is on a cluster and does not work, or a GPU is asked for that is not there.
        Left: If the run goes on on a cluster, and the command does not.
        KeyboardInterrupt: On Ctrl-C, and Terminated on SIGTERM; the run is then marked as stopped.
    """
    try:
        return kind.publish(job, _supervise(kind, job))
    except RetrainingRefused as refusal:
        if kind.refuse is None:
            raise
        return kind.refuse(job, refusal)


def _supervise(kind: Kind[AnyJob, Results], job: AnyJob) -> Results:
    check_source_root(Client().active_stack)
    place = active_place()
    place.check(job.config)
    for name in runs.close_orphans():
        echo(f"closed run {name}: its command was killed")
    for line in repair(connection.connect()):
        echo(f"mended {line}")
    checkpoints.remove_finished()  # of runs that ended after their training
    with runs.alive(job.run_name) if place.ends_with_command else nullcontext():
        try:
            with runs.stoppable(job.run_name) if place.ends_with_command else nullcontext():
                _submit(kind, job, place)
                place.wait(job.run_name, job.config)
                checkpoints.remove_finished()
                run = runs.find_run(job.run_name)
                results = kind.load(job, run)
                annotate(job, run, *kind.record(job, results))
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
                notify.notify_failure(job.config, job.recipe, error, job.run_name)
            raise
    return results


def annotate(job: Job, run: Any, outcome: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Tell ZenML's and MLflow's records of a run what came of it and where it came from, and give MLflow its files.

    Args:
        job: What ran.
        run: ZenML's record of the run.
        outcome: What came of it, by name.
        files: Contents by file name.
    """
    tags = job.tags
    resource = RunMetadataResource(id=run.id, type=MetadataResourceTypes.PIPELINE_RUN)
    Client().create_run_metadata(metadata={**tags, **outcome}, resources=[resource])
    source = {"mlflow.source.name": "run_pipeline.py", "mlflow.source.git.commit": tags["commit"]}
    mlflow_runs.finish_run(connection.connect(), job.run_name, files, {**tags, **source})


def prepare_submission() -> None:
    """Let ZenML store what steps print, and send this checkout where it sends code at all."""
    keep_step_logs()
    source_utils.set_custom_source_root(str(PROJECT))


def _submit(kind: Kind[Any, Any], job: Job, place: Place) -> None:
    prepare_submission()
    pipeline, steps = kind.pipeline, kind.cached_steps
    for name in expire_lost_steps(steps):
        echo(f"stored files of step {name} are gone: it will run again")
    pipeline = place.configured(pipeline, steps, job.config)
    configured = pipeline.with_options(run_name=job.run_name, enable_cache=None if job.options.use_cache else False)
    configured(**job.arguments({name: code_hash(f"steps.{name}") for name in steps}))


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
