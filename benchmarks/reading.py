"""Claim: reading own images runs at 80 % and more of what Pillow alone decodes on the same cores.

Generates JPEG files, then, alternating: (a) Pillow decodes every file into an RGB array in a pool of as many threads
or processes as there are cores, whichever is faster, and drops it; (b) our reader: upright, content hash, resize,
perceptual hash, the bytes kept (what it does with more than data.max_decoded); (c) Pillow's threads once more, every
array copied to its place in a new one of all; (d) our reader into such an array. Files are in the page cache for all.
The ratios are b to a and d to c: memory that is touched for the first time costs as much as decoding on some machines.

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
from recognition.data.reading import CHUNK, read_images


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


def pillow_into_array(paths: list[Path], side: int, pool: ThreadPoolExecutor) -> float:
    """Images a second of Pillow alone, all kept."""
    start = time.perf_counter()
    array = np.empty((len(paths), side, side, 3), np.uint8)

    def keep(first: int) -> None:
        for number in range(first, min(first + CHUNK, len(paths))):
            with Image.open(paths[number]) as image:
                array[number] = np.asarray(image.convert("RGB"))

    list(pool.map(keep, range(0, len(paths), CHUNK)))
    return len(paths) / (time.perf_counter() - start)


def ours(paths: list[Path], transform: ImageTransform, max_decoded: int, scratch: Path) -> float:
    """Images a second of our reader."""
    start = time.perf_counter()
    read_images(iter(paths), list(map(str, paths)), transform, max_decoded, scratch)
    return len(paths) / (time.perf_counter() - start)


def main() -> None:
    """Print the speeds and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=4_000)
    parser.add_argument("--side", type=int, default=224, help="pixels of the files and of data.image_size")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    transform = ImageTransform(options.side, options.side, 3, "crop", "#ffffff")
    cores = os.cpu_count() or 1
    with (
        tempfile.TemporaryDirectory() as name,
        ThreadPoolExecutor(cores) as threads,
        ProcessPoolExecutor(cores) as processes,
    ):
        folder = Path(name)
        paths = write_photographs(folder, options.images, options.side)
        pillow(paths, processes)
        ratios: dict[str, list[float]] = {"encoded": [], "decoded": []}
        for _ in range(options.rounds):
            alone = max(pillow(paths, threads), pillow(paths, processes))
            _tell("encoded", ours(paths, transform, 0, folder), alone, ratios)
            alone = pillow_into_array(paths, options.side, threads)
            _tell("decoded", ours(paths, transform, 10**12, folder), alone, ratios)
    for kind, values in ratios.items():
        print(f"{kind}: median {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f}), {cores} cores")


def _tell(kind: str, mine: float, alone: float, ratios: dict[str, list[float]]) -> None:
    ratios[kind].append(mine / alone)
    print(f"{kind}: Pillow {alone:,.0f} images/s, ours {mine:,.0f} images/s: {ratios[kind][-1]:.2f}")


if __name__ == "__main__":
    main()
