"""Claim: the data set's artifact costs what NumPy's own files cost: saving, loading, the first pass, memory.

Saves a data set of CIFAR-100's size as the pipeline does, against `np.save` of the same arrays on the same disk, both
to empty folders. The SHA-256 of each array, by which it is stored once, is that of the data set's digest, which ingest
computes in any case and before it saves: it is not counted. Then loads the artifact and reads all
images once in batches of 500, against `np.load(mmap_mode="r")`. Files are in the page cache for both. The memory is
that of this process beyond what it had before there were images, against the bytes of the images.

    python benchmarks/artifact.py --repeats 7 --images 60000
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from measurement import Figure, Round, alternate, arguments, cost_ratio, publish
from memory import Peak, watched

from operations.platform.environment import prepare_environment
from recognition.data.dataset import Duplicates, ImageDataset, Split

BATCH = 500
KINDS = "images", "labels", "hashes"


def main() -> None:
    """Time saving, loading and reading, and watch the memory."""
    parser = arguments(__doc__, repeats=7)
    parser.add_argument("--images", type=int, default=60_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RECOGNITION_STATE"] = str(Path(folder) / "state")
        prepare_environment()
        figures = measure(Path(folder) / "arrays", options.images, options.repeats)
    publish("artifact", __doc__, figures, options.results)


def measure(folder: Path, count: int, repeats: int) -> list[Figure]:
    """All figures, from one data set."""
    from zenml.client import Client

    store = Client().active_stack.artifact_store
    before = Peak()
    before.look(psutil.Process())
    with watched() as peak:
        images = np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        trial = Trial(store, folder, images)
        saved = alternate(trial.save, trial.save_by_numpy, repeats, before=trial.clear)
        trial.save(0), trial.save_by_numpy(0)
        loaded = [trial.load() for _ in range(repeats)]
        passed = tuple(trial.first_pass() for _ in range(repeats))
    memory = Round(peak.anonymous - before.anonymous, images.nbytes)
    size = f"{images.nbytes / 2**20:.0f} MiB"
    save, load = f"ImageDatasetMaterializer.save, {size}", f"ImageDatasetMaterializer.load, {size}"
    return [
        cost_ratio("artifact, time to save", (save, "np.save of each array"), saved, 1.2),
        Figure("artifact, time to load", (load,), tuple(loaded), "ms", 50.0, False),
        cost_ratio("artifact, first full pass", (load, 'np.load(mmap_mode="r")'), passed, 1.2),
        cost_ratio("artifact, anonymous memory", ("peak of all this", "bytes of the images"), [memory], 1.1),
    ]


class Trial:
    """A data set, saved and loaded in both ways."""

    def __init__(self, store, folder: Path, images) -> None:
        self._store, self._folder = store, folder
        generator = np.random.default_rng(1)
        labels = generator.integers(0, 100, len(images), dtype=np.int32)
        hashes = generator.integers(0, 2**63, len(images), dtype=np.uint64)
        ends = [0, len(images) * 3 // 4, len(images) * 5 // 6, len(images)]
        sides = zip(("train", "validation", "test"), ends, ends[1:], strict=False)
        splits = {name: Split(images[i:j], labels[i:j], hashes[i:j]) for name, i, j in sides}
        self._data = ImageDataset("benchmark", splits, ("one",), (), np.zeros(0, np.int32), Duplicates({}, {}))
        self._data.digest  # noqa: B018 known from here on

    def clear(self) -> None:
        """Remove what was saved, and let the disk come to rest."""
        shutil.rmtree(Path(self._store.path) / "arrays", ignore_errors=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        os.sync()

    def save(self, _: int) -> None:
        """As the pipeline does; nothing of it is stored yet."""
        self._materializer().save(self._data)

    def save_by_numpy(self, _: int) -> None:
        """Each array to a new file of its own."""
        self._folder.mkdir(exist_ok=True)
        for name, split in self._data.splits.items():
            for kind in KINDS:
                np.save(self._folder / f"{name}-{kind}.npy", getattr(split, kind))

    def load(self) -> float:
        """Milliseconds that loading takes."""
        start = time.perf_counter()
        self._materializer().load(ImageDataset)
        return 1e3 * (time.perf_counter() - start)

    def first_pass(self) -> Round:
        """Seconds to read what was just loaded, in both ways."""
        data = self._materializer().load(ImageDataset)
        mapped = {name: np.load(self._folder / f"{name}-images.npy", mmap_mode="r") for name in data.splits}
        ours = _seconds({name: split.images for name, split in data.splits.items()})
        return Round(ours, _seconds(mapped))

    def _materializer(self):
        from materializers.image_dataset import ImageDatasetMaterializer

        uri = f"{self._store.path}/benchmark"
        self._store.makedirs(uri)
        return ImageDatasetMaterializer(uri=uri, artifact_store=self._store)


def _seconds(arrays) -> float:
    """Seconds to read every byte."""
    start = time.perf_counter()
    for images in arrays.values():
        for first in range(0, len(images), BATCH):
            images[first : first + BATCH].sum()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
