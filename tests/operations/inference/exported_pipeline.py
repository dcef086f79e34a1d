"""A pipeline that leaves behind a data set of the small model's images, in a second."""

from typing import Annotated

import numpy as np
from zenml import pipeline, step
from zenml.utils import source_utils

from materializers.image_dataset import ImageDatasetMaterializer
from operations.platform.environment import PROJECT
from recognition.data.dataset import Duplicates, ImageDataset, Split, image_hashes
from tests.recognition.export.models import CLASSES, images_of

SIZES = {"train": 40, "validation": 8, "test": 30}


def split_of(count, seed):
    images = images_of(count, seed=seed)
    return Split(images, np.arange(count, dtype=np.int32) % len(CLASSES), image_hashes(images))


def dataset():
    splits = {name: split_of(count, seed) for seed, (name, count) in enumerate(SIZES.items())}
    return ImageDataset("made", splits, CLASSES, (), np.empty(0, np.int32), Duplicates({}, {}))


@step(output_materializers=ImageDatasetMaterializer, enable_cache=False)
def ingest() -> Annotated[ImageDataset, "dataset"]:
    """The data set."""
    return dataset()


@pipeline
def exported() -> None:
    """One step."""
    ingest()


def run(name):
    """Run the pipeline and answer with ZenML's record of the data set."""
    source_utils.set_custom_source_root(str(PROJECT))
    return exported.with_options(run_name=name)().steps["ingest"].outputs["dataset"][0]
