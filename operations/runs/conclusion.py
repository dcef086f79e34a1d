"""The end of a run that no command waits for, such as a scheduled one on a cluster: its records, and who is told."""

from __future__ import annotations

from typing import Any

from operations.outcomes import notify
from operations.outcomes.announcement import announce
from operations.outcomes.results import load_results
from operations.outcomes.summary import build_refusal, build_summary
from operations.runs.execution import annotate
from operations.runs.job import TrainingJob
from operations.runs.training_run import record
from operations.tracking import connection, mlflow_runs, runs
from recognition.configuration.schema import RunConfig
from recognition.training.retraining import RetrainingRefused


def conclude_run(run_name: str, config: RunConfig, recipe: str, commit: str | None) -> None:
    """Do for a run that went well what its command would have done.

    Args:
        run_name: Its name; all steps that leave results have ended.
        config: The configuration that it used.
        recipe: Name of the configuration.
        commit: The code's commit, where there is one.
    """
    job = TrainingJob(config=config, recipe=recipe, commit=commit, run_name=run_name)
    results = load_results(runs.find_run(run_name))
    annotate(job, results.run, *record(job, results))
    announce(config, recipe, build_summary(results, recipe, commit, False, _page(run_name)), results)


def conclude_failure(error: BaseException) -> None:
    """ZenML's hook for a step that failed for good: MLflow's run ends too, and whoever `notify` names is told.

    Args:
        error: What the step raised.
    """
    from zenml import get_step_context

    run = runs.find_run(get_step_context().pipeline_run.name)
    assert run is not None  # its own step is running
    parameters: dict[str, Any] = run.config.parameters or {}
    config, recipe = RunConfig.model_validate(parameters["config"]), parameters["recipe"]
    if isinstance(error, RetrainingRefused):
        refusal = build_refusal(run, error.problem, parameters["commit"], False, _page(run.name))
        notify.notify_end(config, recipe, refusal, run)
    else:
        notify.notify_failure(config, recipe, error, run.name)
    runs.close_in_mlflow(run.name, runs.FAILED)


def _page(run_name: str) -> str:
    """Where a person finds the report: MLflow's page of the run."""
    client = connection.connect()
    return mlflow_runs.run_page(client, mlflow_runs.run_id_of(client, run_name))
