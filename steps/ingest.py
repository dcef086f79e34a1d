"""Step: read, check and split the images."""

from typing import Annotated

from zenml import log_metadata, step

from materializers.image_dataset import ImageDatasetMaterializer
from operations.gate.champion_data import find_baseline
from operations.platform.console import echo
from operations.platform.environment import data_cache
from operations.tracking import connection
from recognition.configuration.schema import RunConfig
from recognition.data.change import Baseline
from recognition.data.dataset import ImageDataset
from recognition.data.preload import take_dataset


@step(enable_cache=False, output_materializers={"dataset": ImageDatasetMaterializer})
def ingest(
    configuration: RunConfig, fallback: bool
) -> tuple[Annotated[ImageDataset, "dataset"], Annotated[Baseline, "baseline"]]:
    """Read the data set; always runs, so that changed data is always seen.

    Args:
        configuration: Its `data` section says which images, its `model` section whose champion to compare them with.
        fallback: Whether these are the fallback's images, for the lineage.
    """
    dataset = take_dataset(configuration.data, data_cache())
    log_metadata({"fallback": fallback, "source_digest": dataset.source_digest, "notes": list(dataset.notes)})
    sizes = ", ".join(f"{len(split):,} {name}" for name, split in dataset.splits.items())
    echo(f"ingest: {dataset.name}, {sizes}, {len(dataset.classes)} classes")
    return dataset, find_baseline(connection.connect(), configuration.model.name, dataset)
