"""The pipeline: config → ingest → augmentation → calibrate → recommend."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from operations.runs.calibration import load, publish, record
from operations.runs.kind import Kind
from pipelines.caching import BY_CODE_HASH
from recognition.configuration.schema import RunConfig
from steps.augmentation import augmentation
from steps.calibrate import calibrate
from steps.configure import configure
from steps.ingest import ingest
from steps.recommend import recommend

NAME = "calibration"
CACHED_STEPS = ("augmentation", "calibrate")


@pipeline(name=NAME, execution_mode=ExecutionMode.FAIL_FAST, cache_policy=BY_CODE_HASH)
def calibration(
    config: RunConfig, code: dict[str, str], recipe: str, commit: str | None, fallback: bool, fresh: bool
) -> None:
    """Turn images and a first configuration into a better one.

    Args:
        config: The configuration that this run uses, with a section `calibrate`.
        code: Hash of the code behind each cached step, by the step's name.
        recipe: Name of the configuration.
        commit: The code's commit, where there is one.
        fallback: Whether the images are the fallback's.
        fresh: Whether what an interrupted training left is given up; the step that trains reads it in the run's record.
    """
    configuration = configure(config)
    dataset, _ = ingest(configuration, fallback)
    plan = augmentation(dataset, config.augmentation, code["augmentation"])
    found = calibrate(
        dataset,
        plan,
        config.train,
        config.calibrate,
        config.evaluation.metric,
        config.resources.threads,
        config.checkpoint,
        code["calibrate"],
    )
    recommend(configuration, found)


KIND = Kind(calibration, CACHED_STEPS, load, record, publish)
