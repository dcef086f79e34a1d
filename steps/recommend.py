"""Step: the configuration that a calibration found."""

from typing import Annotated

from zenml import get_step_context, step

from operations.platform.console import echo
from operations.tracking import connection, mlflow_runs
from recognition.calibration.recipe import FILE, calibrated_yaml
from recognition.calibration.result import Calibration
from recognition.configuration.resolved import flatten
from recognition.configuration.schema import RunConfig
from recognition.pictures.calibration import calibration_picture


@step(enable_cache=False)
def recommend(configuration: RunConfig, calibration: Calibration) -> Annotated[str, "recipe"]:
    """Write the YAML file, and log the calibration to MLflow.

    Args:
        configuration: The configuration that the calibration began with.
        calibration: What it found.
    """
    text = calibrated_yaml(configuration, calibration)
    client = connection.connect()
    run_id = mlflow_runs.run_id_of(client, get_step_context().pipeline_run.name)
    name, ended = f"trial_{calibration.metric}", calibration.trials
    scores = [(name, trial.score, trial.number) for trial in ended if trial.score is not None]
    mlflow_runs.log_parameters(client, run_id, flatten(configuration))
    mlflow_runs.log_metrics(client, run_id, scores)
    mlflow_runs.log_files(client, run_id, {"calibration.png": calibration_picture(calibration), FILE: text.encode()})
    echo(f"recommend: {FILE}")
    return text
