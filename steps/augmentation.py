"""Step: resolve the augmentation section against the training images."""

from typing import Annotated

from zenml import step

from materializers.augmentation_plan import AugmentationPlanMaterializer
from operations.platform.console import echo
from operations.platform.environment import load_tensorflow
from recognition.augmentation.illustrated_plan import IllustratedPlan
from recognition.augmentation.plan import resolve_plan
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.data.dataset import ImageDataset
from recognition.pictures.augmentation import augmentation_picture


@step(output_materializers=AugmentationPlanMaterializer)
def augmentation(
    dataset: ImageDataset, config: AugmentationConfig, code: str
) -> Annotated[IllustratedPlan, "augmentation_plan"]:
    """Fit the statistics on train, resolve shifts to pixels, draw the picture.

    Args:
        dataset: Only its training split is read.
        config: The options.
        code: Hash of the code behind this step, for the cache.
    """
    load_tensorflow()
    split = dataset.splits["train"]
    plan = resolve_plan(config, split)
    active = [name for name, value in config.model_dump().items() if value]
    echo(f"augmentation: {', '.join(active) or 'none'}")
    return IllustratedPlan(plan, augmentation_picture(split, plan, dataset.classes))
