"""What ZenML and MLflow say about a state folder, through their own interfaces: one JSON line for each line read.

A process of its own, because both read their environment when they are imported; it stays, because that takes seconds.
"""

import json
import sys

from mlflow import MlflowClient
from mlflow.entities import ViewType
from zenml.client import Client
from zenml.utils.pagination_utils import depaginate


def zenml_run(run):
    return {
        "status": run.status.value,
        "steps": {name: step.status.value for name, step in run.steps.items()},
        "inputs": {name: artifact_ids(step.inputs) for name, step in run.steps.items()},
        "outputs": {name: artifact_ids(step.outputs) for name, step in run.steps.items()},
    }


def artifact_ids(artifacts):
    return {name: [str(version.id) for version in versions] for name, versions in artifacts.items()}


def zenml_version(version):
    links = Client().list_model_version_artifact_links(model_version_id=version.id)
    return {
        "number": str(version.number),
        "stage": version.stage,
        "artifacts": sorted(link.artifact_version.artifact.name for link in links),
        "metadata": dict(version.run_metadata),
    }


def mlflow_run(client, run):
    identifier = run.info.run_id
    histories = {name: client.get_metric_history(identifier, name) for name in run.data.metrics}
    return {
        "status": run.info.status,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {name: [[point.step, point.value] for point in points] for name, points in histories.items()},
        "files": sorted(file.path for file in client.list_artifacts(identifier)),
    }


def mlflow_version(client, version):
    whole = client.get_model_version(version.name, version.version)  # a search leaves the aliases out
    return {"version": str(whole.version), "aliases": sorted(whole.aliases), "sha256": whole.tags["sha256"]}


def inspect():
    zenml, mlflow = Client(), MlflowClient()
    experiments = [experiment.experiment_id for experiment in mlflow.search_experiments()]
    runs = mlflow.search_runs(experiments, run_view_type=ViewType.ALL)
    models = [model.name for model in mlflow.search_registered_models()]
    return {
        "zenml_runs": {run.name: zenml_run(run) for run in depaginate(zenml.list_pipeline_runs, hydrate=True)},
        "zenml_models": {
            model.name: [
                zenml_version(version)
                for version in depaginate(zenml.list_model_versions, model=model.id, sort_by="asc:number", hydrate=True)
            ]
            for model in depaginate(zenml.list_models)
        },
        "mlflow_runs": {run.info.run_name: mlflow_run(mlflow, run) for run in runs},
        "mlflow_models": {
            name: sorted(
                (mlflow_version(mlflow, version) for version in mlflow.search_model_versions(f"name = '{name}'")),
                key=lambda version: int(version["version"]),
            )
            for name in models
        },
    }


for _ in sys.stdin:
    print(json.dumps(inspect(), default=str), flush=True)
