"""Step: which registered version answers."""

from typing import Annotated

from zenml import log_metadata, step

from operations.platform.console import echo
from operations.registry.lookup import find_model
from operations.registry.registered_model import RegisteredModel
from operations.registry.registry import CHAMPION
from operations.tracking import connection
from recognition.configuration.schema import RunConfig


@step(enable_cache=False)
def choose_model(configuration: RunConfig) -> Annotated[RegisteredModel, "chosen_model"]:
    """Find the version that `predict.model` names; always runs, as the champion may be another now."""
    model = find_model(connection.connect(), configuration.predict.model or CHAMPION)
    log_metadata(model.model_dump())
    echo(f"choose_model: {model.name} version {model.zenml_version} (MLflow {model.mlflow_version})")
    return model
