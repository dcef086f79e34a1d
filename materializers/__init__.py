"""How our artifacts are stored and shown in ZenML; importing this package registers all of them."""

from materializers.augmentation_plan import AugmentationPlanMaterializer
from materializers.evaluation import EvaluationMaterializer
from materializers.history import HistoryMaterializer
from materializers.image_dataset import ImageDatasetMaterializer
from materializers.model_file import ModelFileMaterializer

__all__ = [
    "AugmentationPlanMaterializer",
    "EvaluationMaterializer",
    "HistoryMaterializer",
    "ImageDatasetMaterializer",
    "ModelFileMaterializer",
]
