"""Claim: memory stays flat however many images there are: 100,000 of 224 pixels under 3 GiB.

Generates JPEG files of 224×224 pixels (once; about 1.5 GB for 100,000), runs the whole pipeline on a tenth of them and
on all of them, and samples the memory of its process. The images stay encoded (`data.max_decoded`) and are decoded
while training; train is limited to 200 images, since the network's speed is not the point, but all are read, hashed,
divided, stored and mapped.

    python benchmarks/large_data.py --folder /tmp/large --images 100000
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

PROJECT = Path(__file__).resolve().parent.parent
SIDE = 224
PER_CLASS = 1_000


def write_class(folder: Path, count: int, label: int) -> None:
    """Smoothed noise, whose size in bytes is that of photographs; each image is its own."""
    target = folder / f"class{label:03}"
    target.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(label)
    for number in range(count):
        path = target / f"{number:04}.jpg"
        coarse = generator.integers(0, 256, (SIDE // 4, SIDE // 4, 3), np.uint8)
        if not path.exists():
            Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BILINEAR).save(path, quality=75)


def measure(folder: Path, state: Path, arguments: list[str]) -> tuple[float, float, float]:
    """Seconds, and the highest anonymous and resident memory in GiB, of a run on `folder`."""
    settings = [f"data.path={folder}", f"data.image_size={SIDE}", "data.train_limit=200", "data.max_decoded=100000000"]
    settings += ["train.epochs=1", "train.batch_size=8", "data.test=0.004", "data.validation=0.004", *arguments]
    words = [
        sys.executable,
        str(PROJECT / "run_pipeline.py"),
        "--config=folder.yaml",
        *(f"--set={s}" for s in settings),
    ]
    start, anonymous, resident = time.perf_counter(), 0, 0
    with subprocess.Popen(words, env={"PATH": "/usr/bin:/bin", "RECOGNITION_STATE": str(state)}) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                memory = watched.memory_full_info()
                anonymous, resident = max(anonymous, memory.rss - memory.shared), max(resident, memory.rss)
            except psutil.Error:
                break
            time.sleep(0.2)
    if process.returncode:
        sys.exit(f"the run on {folder} failed")
    return time.perf_counter() - start, anonymous / 2**30, resident / 2**30


def main() -> None:
    """Print memory and time for a tenth of the images and for all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    results = []
    for name, images in (("tenth", options.images // 10), ("all", options.images)):
        folder = options.folder / name
        classes = max(2, images // PER_CLASS)
        with ProcessPoolExecutor() as pool:
            list(pool.map(partial(write_class, folder, images // classes), range(classes)))
        with tempfile.TemporaryDirectory(dir=options.folder) as state:
            results.append(measure(folder, Path(state), options.set))
        seconds, anonymous, resident = results[-1]
        print(f"{images:,} images: {seconds:.0f} s, {anonymous:.2f} GiB anonymous, {resident:.2f} GiB resident")
    (few_seconds, few, _), (seconds, many, _) = results
    print(f"ten times the images: {seconds / few_seconds:.1f} times the time, {many / few:.2f} times the memory")


if __name__ == "__main__":
    main()
