"""MLflow's records: one run per pipeline run, and nested ones where it trains several times.

Nothing here is interrupted half-way: MLflow would keep its database locked, and then nobody could close the run.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Mapping, Set
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME
from mlflow.utils.validation import MAX_PARAM_VAL_LENGTH

from operations.platform.environment import state_folder
from operations.platform.locks import state_lock
from operations.platform.termination import uninterrupted
from operations.tracking.connection import address
from operations.tracking.paging import mlflow_pages
from recognition.training.history import Epoch, History

EXPERIMENT = "recognition"
RUN_TAG = "zenml.run_name"
PART_TAG = "recognition.part_of"  # the pipeline run, on the nested runs of its trainings
METRICS_PER_BATCH = 1_000  # MLflow's limit of one request


def find_run(client: MlflowClient, run_id: str | None) -> Run | None:
    """MLflow's record of a run, None where there is none any more."""
    if not run_id:
        return None
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


@uninterrupted()
def run_id_of(client: MlflowClient, run_name: str) -> str:
    """Id of the MLflow run of a pipeline run, started if there is none.

    Args:
        client: A client from `tracking.connect`.
        run_name: Name of the pipeline run.
    """
    found = find_runs(client, run_name)
    if found:
        return found[0]
    experiment = experiment_id(client)
    return str(client.create_run(experiment, run_name=run_name, tags={RUN_TAG: run_name}).info.run_id)


def run_page(client: MlflowClient, run_id: str) -> str:
    """Address of a run's files on the server's own page."""
    experiment = client.get_run(run_id).info.experiment_id
    return f"{address(client).rstrip('/')}/#/experiments/{experiment}/runs/{run_id}/artifacts"


def find_runs(client: MlflowClient, run_name: str) -> list[str]:
    """Ids of the MLflow runs of a pipeline run: one, or none."""
    runs = mlflow_pages(client.search_runs, [experiment_id(client)], f"tags.`{RUN_TAG}` = '{run_name}'")
    return [str(run.info.run_id) for run in runs]


def tagged_runs(client: MlflowClient, tag: str, value: str) -> list[Run]:
    """MLflow's runs with a value of a tag, newest first.

    Args:
        client: A client from `tracking.connect`.
        tag: Name of the tag.
        value: Its value, without quotes.
    """
    return list(mlflow_pages(client.search_runs, [experiment_id(client)], f"tags.`{tag}` = '{value}'"))


@uninterrupted()
def nested_run(client: MlflowClient, run_id: str, run_name: str, name: str) -> str:
    """Id of the nested run of one of a pipeline run's trainings, started if there is none.

    Args:
        client: A client from `tracking.connect`.
        run_id: The MLflow run of the pipeline run.
        run_name: Name of the pipeline run.
        name: What tells the training from the others, such as "seed 1".
    """
    tags = {MLFLOW_RUN_NAME: f"{run_name}, {name}", MLFLOW_PARENT_RUN_ID: run_id, PART_TAG: run_name}
    part = f"tags.`{PART_TAG}` = '{run_name}' and tags.`{MLFLOW_RUN_NAME}` = '{tags[MLFLOW_RUN_NAME]}'"
    found = client.search_runs([experiment_id(client)], part, max_results=1)
    return str(found[0].info.run_id if found else client.create_run(experiment_id(client), tags=tags).info.run_id)


def find_parts(client: MlflowClient, run_name: str) -> list[str]:
    """Ids of the nested runs of a pipeline run."""
    runs = mlflow_pages(client.search_runs, [experiment_id(client)], f"tags.`{PART_TAG}` = '{run_name}'")
    return [str(run.info.run_id) for run in runs]


@uninterrupted()
def log_parameters(client: MlflowClient, run_id: str, parameters: Mapping[str, object]) -> None:
    """Log the resolved configuration, long values cut to what MLflow takes; safe to repeat."""
    params = [Param(key, str(value)[:MAX_PARAM_VAL_LENGTH]) for key, value in parameters.items()]
    client.log_batch(run_id, params=params)


@uninterrupted()
class MetricLog:
    """Logs a run's numbers; what the run has at a step already is not logged twice.

    What it has is asked once for each name: from the second epoch of a training on, an epoch is one request.

    Args:
        client: A client from `tracking.connect`.
        run_id: The MLflow run, to which nobody else logs meanwhile.
    """

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self._client, self._run_id = client, run_id
        self._steps: dict[str, set[int]] = {}  # by names

    def log(self, series: Iterable[tuple[str, float, int]]) -> None:
        """Log (name, value, step) triples."""
        now = int(time.time() * 1000)
        wanted = [Metric(name, value, now, step) for name, value, step in series]
        self._ask({metric.key for metric in wanted} - self._steps.keys())
        missing = [metric for metric in wanted if metric.step not in self._steps[metric.key]]
        for start in range(0, len(missing), METRICS_PER_BATCH):
            self._client.log_batch(self._run_id, metrics=missing[start : start + METRICS_PER_BATCH])
        for metric in missing:
            self._steps[metric.key].add(metric.step)

    def _ask(self, names: Set[str]) -> None:
        logged = self._client.get_run(self._run_id).data.metrics if names else {}
        for name in names:
            points = self._client.get_metric_history(self._run_id, name) if name in logged else []
            self._steps[name] = {point.step for point in points}


def log_metrics(client: MlflowClient, run_id: str, series: Iterable[tuple[str, float, int]]) -> None:
    """Log (name, value, step) triples, as of `MetricLog`."""
    MetricLog(client, run_id).log(series)


def epoch_metrics(epoch: Epoch, metric: str) -> list[tuple[str, float, int]]:
    """An epoch's numbers as (name, value, epoch) triples; the score by the name of the metric, once.

    Args:
        epoch: The epoch.
        metric: What decides the best epoch, such as "macro_f1".
    """
    values = epoch.model_dump(exclude={"epoch", "validation_score"}) | {f"validation_{metric}": epoch.validation_score}
    return [(name, float(value), epoch.epoch) for name, value in values.items() if value is not None]


def history_metrics(history: History) -> list[tuple[str, float, int]]:
    """A history's numbers as (name, value, epoch) triples."""
    return [triple for epoch in history.epochs for triple in epoch_metrics(epoch, history.metric)]


@uninterrupted()
def log_files(client: MlflowClient, run_id: str, files: Mapping[str, bytes]) -> None:
    """Log files by name."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.write_bytes(content)
            client.log_artifact(run_id, str(path))


@uninterrupted()
def finish_run(client: MlflowClient, run_name: str, files: Mapping[str, bytes], tags: Mapping[str, str]) -> None:
    """End a run that went well; log the files that a cached step did not.

    Args:
        client: A client from `tracking.connect`.
        run_name: Name of the pipeline run.
        files: Contents by file name.
        tags: What MLflow's page shows of the run.
    """
    run_id = run_id_of(client, run_name)
    for name, value in tags.items():
        client.set_tag(run_id, name, value)
    there = {file.path for file in client.list_artifacts(run_id)}
    log_files(client, run_id, {name: content for name, content in files.items() if name not in there})
    for ended in (*find_parts(client, run_name), run_id):
        end_run(client, ended, "FINISHED")


@uninterrupted()
def end_run(client: MlflowClient, run_id: str, status: str) -> None:
    """End a run that still runs.

    Args:
        client: A client from `tracking.connect`.
        run_id: The MLflow run.
        status: FINISHED, FAILED or KILLED.
    """
    if client.get_run(run_id).info.status == "RUNNING":
        client.set_terminated(run_id, status)


def experiment_id(client: MlflowClient) -> str:
    """Id of the experiment of all our runs, made where there is none."""
    with state_lock("mlflow"):
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is not None:
            return str(experiment.experiment_id)
        location = (state_folder() / "mlflow" / "artifacts").as_uri() if _is_local(client) else None
        return str(client.create_experiment(EXPERIMENT, artifact_location=location))


def _is_local(client: MlflowClient) -> bool:
    return str(client.tracking_uri).startswith("sqlite:")
