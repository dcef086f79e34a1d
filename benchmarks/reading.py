"""Claim: reading own images runs at 80 % and more of what Pillow alone decodes on the same cores.

Generates JPEG files, then, alternating: (a) Pillow decodes every file into an RGB array in a pool of as many threads
or processes as there are cores, whichever is faster, and drops it; (b) our reader: upright, content hash, resize,
perceptual hash, one array of all. Files are in the page cache for both.

    python benchmarks/reading.py --images 4000 --side 224 --rounds 3
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from recognition.data.image_transform import ImageTransform
from recognition.data.reading import read_images


def write_photographs(folder: Path, count: int, side: int) -> list[Path]:
    """JPEG files of smoothed noise, whose size in bytes is that of photographs."""
    generator = np.random.default_rng(0)
    coarse = [generator.integers(0, 256, (side // 4, side // 4, 3), np.uint8) for _ in range(16)]
    paths = []
    for number in range(count):
        image = Image.fromarray(np.roll(coarse[number % 16], number, axis=1)).resize(
            (side, side), Image.Resampling.BICUBIC
        )
        paths.append(folder / f"{number:06}.jpg")
        image.save(paths[-1], quality=75)
    return paths


def decode(path: Path) -> int:
    """What Pillow does at least."""
    with Image.open(path) as image:
        return int(np.asarray(image.convert("RGB")).shape[0])


def pillow(paths: list[Path], pool: ThreadPoolExecutor | ProcessPoolExecutor) -> float:
    """Images a second of Pillow alone."""
    start = time.perf_counter()
    list(pool.map(decode, paths, chunksize=64))
    return len(paths) / (time.perf_counter() - start)


def ours(paths: list[Path], transform: ImageTransform, scratch: Path) -> float:
    """Images a second of our reader."""
    start = time.perf_counter()
    read_images(iter(paths), list(map(str, paths)), transform, 10**12, scratch)
    return len(paths) / (time.perf_counter() - start)


def main() -> None:
    """Print the speeds and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=4_000)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--size", type=int, default=224, help="data.image_size")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    transform = ImageTransform(options.size, options.size, 3, "crop", "#ffffff")
    cores = os.cpu_count() or 1
    with (
        tempfile.TemporaryDirectory() as name,
        ThreadPoolExecutor(cores) as threads,
        ProcessPoolExecutor(cores) as processes,
    ):
        folder = Path(name)
        paths = write_photographs(folder, options.images, options.side)
        (
            pillow(paths, processes),
            ours(paths, transform, folder),
        )  # the first touch of memory is slow in virtual machines
        ratios = []
        for _ in range(options.rounds):
            alone = max(pillow(paths, threads), pillow(paths, processes))
            mine = ours(paths, transform, folder)
            ratios.append(mine / alone)
            print(f"Pillow {alone:,.0f} images/s, ours {mine:,.0f} images/s: {ratios[-1]:.2f}")
    print(f"median {statistics.median(ratios):.2f} on {cores} cores")


if __name__ == "__main__":
    main()
