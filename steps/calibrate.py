"""Step: find learning rate, batch size and number of epochs."""

from typing import Annotated

from zenml import step

from materializers.calibration import CalibrationMaterializer
from operations.platform.console import echo
from operations.platform.environment import load_tensorflow
from operations.training.identity import TrainingIdentity
from operations.training.surroundings import surroundings
from recognition.augmentation.illustrated_plan import IllustratedPlan
from recognition.calibration.calibrate import calibrate as search
from recognition.calibration.result import Calibration, reached
from recognition.configuration.sections.calibrate import CalibrateConfig
from recognition.configuration.sections.checkpoint import CheckpointConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.training.task import Task

BUDGET = {"trials", "minutes"}  # may change between an interruption and going on


@step(output_materializers=CalibrationMaterializer)
def calibrate(
    dataset: ImageDataset,
    plan: IllustratedPlan,
    config: TrainConfig,
    options: CalibrateConfig,
    metric: str,
    threads: int | None,
    checkpoint: CheckpointConfig,
    code: str,
) -> Annotated[Calibration, "calibration"]:
    """Train with one choice after the other and tell what each reached on validation.

    Args:
        dataset: Train and validation splits.
        plan: Augmentation and normalization.
        config: The recipe to begin with.
        options: What is searched, and for how long.
        metric: What is maximized.
        threads: How many TensorFlow may use; None for every core.
        checkpoint: When a training writes down its state.
        code: Hash of the code behind this step, for the cache.
    """
    load_tensorflow(threads)
    task = Task(dataset, plan.plan, config, metric)
    searched = options.model_dump(exclude=BUDGET)
    with surroundings().calibration(TrainingIdentity.of_task(task, code, searched=searched)) as place:
        found = search(task, options, place.checkpoints, place.listener(""), checkpoint.every_seconds)
    echo(f"calibrate: {found.best.choice.in_words()}, {reached(found)}")
    return found
