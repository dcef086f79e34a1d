"""The pipeline: config → choose model → predict."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from operations.runs.kind import Kind
from operations.runs.prediction_run import load, publish, record
from recognition.configuration.schema import RunConfig
from steps.choose_model import choose_model
from steps.configure import configure
from steps.predict import predict

NAME = "prediction"
CACHED_STEPS = ()


@pipeline(name=NAME, execution_mode=ExecutionMode.FAIL_FAST)
def prediction(config: RunConfig, code: dict[str, str], recipe: str, commit: str | None) -> None:
    """Turn images and a registered model into predictions.

    Args:
        config: The configuration that this run uses, with `predict.paths`.
        code: Hash of the code behind each cached step, of which there is none.
        recipe: Name of the configuration.
        commit: The code's commit, where there is one.
    """
    configuration = configure(config)
    predict(configuration, choose_model(configuration))


KIND = Kind(prediction, CACHED_STEPS, load, record, publish)
