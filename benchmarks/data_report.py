"""Claim: the data report of CIFAR-100, near duplicates included, takes at most 20 s and half a GiB above the images.

Reads CIFAR-100 and stores it as the pipeline does, and maps it into memory again, so that the report begins as its step
begins. Then looks every image through and draws the page, several times: the seconds of each time, the most anonymous
memory of all of them beyond what the process had before, and the size of the page. RECOGNITION_DATA names the images.

    RECOGNITION_DATA=... python benchmarks/data_report.py --repeats 5
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import psutil
from measurement import Figure, arguments, publish
from memory import Peak, watched

from operations.platform.environment import prepare_environment
from recognition.configuration.sections.data import DataConfig
from recognition.data.sources import read_dataset


def main() -> None:
    """Measure time, memory and size."""
    parser = arguments(__doc__, repeats=5)
    parser.add_argument("--source", default="cifar100", help="a published data set (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RECOGNITION_STATE"] = str(Path(folder) / "state")
        prepare_environment()
        dataset = stored(DataConfig(source=options.source, validation=0.1), Path(folder))
        figures = measure(dataset, options.repeats)
    publish("data_report", __doc__, figures, options.results)


def stored(config: DataConfig, folder: Path):
    """The data set as a step gets it: memory-mapped."""
    from zenml.client import Client

    from materializers.image_dataset import ImageDatasetMaterializer
    from recognition.data.dataset import ImageDataset

    store = Client().active_stack.artifact_store
    uri = f"{store.path}/benchmark"
    store.makedirs(uri)
    materializer = ImageDatasetMaterializer(uri=uri, artifact_store=store)
    materializer.save(read_dataset(config, folder))
    return materializer.load(ImageDataset)


def measure(dataset, repeats: int) -> list[Figure]:
    """Time, memory and size of the report of one data set."""
    dataset.digest  # noqa: B018 the step finds it computed by ingest
    before = Peak()
    before.look(psutil.Process())
    with watched() as peak:
        seconds, sizes = zip(*(build(dataset) for _ in range(repeats)), strict=True)
    images = sum(len(split) for split in dataset.splits.values())
    what = f"inspect_dataset and build_data_page, {images:,} images"
    memory = (peak.anonymous - before.anonymous) / 2**30
    return [
        Figure("data report, time", (what,), seconds, "s", 20.0, False),
        Figure("data report, anonymous memory", (what,), (memory,), "GiB", 0.5, False),
        Figure("data report, size of the page", (what,), sizes[:1], "MB", 3.0, False),
    ]


def build(dataset) -> tuple[float, float]:
    """Seconds that the report takes, and megabytes of its page."""
    from recognition.data.change import Baseline, compare
    from recognition.data.inspection import inspect_dataset
    from recognition.report.data_page import build_data_page

    start = time.perf_counter()
    inspection, baseline = inspect_dataset(dataset), Baseline(why="there is no champion yet")
    page = build_data_page(dataset, inspection, compare(inspection.summary, baseline), baseline)
    return time.perf_counter() - start, len(page.encode()) / 1e6


if __name__ == "__main__":
    main()
