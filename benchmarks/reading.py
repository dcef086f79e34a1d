"""Claim: reading own images runs at 80 % and more of what Pillow alone decodes on the same cores.

Generates JPEG files, then, alternating: (a) Pillow decodes every file into an RGB array in a pool of as many threads
or processes as there are cores, what proved faster before, and drops it; (b) our reader: upright, content hash, resize,
perceptual hash, the bytes kept (what it does with more than data.max_decoded); (c) Pillow's threads once more, every
array copied to its place in a new one of all; (d) our reader into such an array. Files are in the page cache for all.
The ratios are b to a and d to c: memory that is touched for the first time costs as much as decoding on some machines.

    python benchmarks/reading.py --images 4000 --side 224 --repeats 5
"""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from measurement import Figure, alternate, arguments, publish, speed_ratio
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


def pillow(paths: list[Path], pool: ThreadPoolExecutor | ProcessPoolExecutor) -> None:
    """Pillow alone."""
    list(pool.map(decode, paths, chunksize=64))


def pillow_into_array(paths: list[Path], side: int, pool: ThreadPoolExecutor) -> None:
    """Pillow alone, all kept."""
    array = np.empty((len(paths), side, side, 3), np.uint8)

    def keep(first: int) -> None:
        for number in range(first, min(first + CHUNK, len(paths))):
            with Image.open(paths[number]) as image:
                array[number] = np.asarray(image.convert("RGB"))

    list(pool.map(keep, range(0, len(paths), CHUNK)))


def ours(paths: list[Path], transform: ImageTransform, max_decoded: int, scratch: Path) -> None:
    """Our reader."""
    read_images(iter(paths), list(map(str, paths)), transform, max_decoded, scratch)


def main() -> None:
    """Time both kinds of reading against Pillow, in turns."""
    parser = arguments(__doc__, repeats=5)
    parser.add_argument("--images", type=int, default=4_000)
    parser.add_argument("--side", type=int, default=224, help="pixels of the files and of data.image_size")
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    with (
        tempfile.TemporaryDirectory() as name,
        ThreadPoolExecutor(cores) as threads,
        ProcessPoolExecutor(cores) as processes,
    ):
        paths = write_photographs(Path(name), options.images, options.side)
        figures = compare(paths, options.side, options.repeats, threads, processes)
    publish("reading", __doc__, figures, options.results)


def compare(
    paths: list[Path], side: int, repeats: int, threads: ThreadPoolExecutor, processes: ProcessPoolExecutor
) -> list[Figure]:
    """How fast our reader is against Pillow, keeping the bytes and keeping the pixels."""
    transform, folder = ImageTransform(side, side, 3, "crop", "#ffffff"), paths[0].parent
    encoded, decoded = (partial(ours, paths, transform, limit, folder) for limit in (0, 10**12))
    trial = alternate(lambda _: pillow(paths, threads), lambda _: pillow(paths, processes), 2)
    pool = threads if sum(each.ours for each in trial) < sum(each.theirs for each in trial) else processes
    dropped = alternate(lambda _: encoded(), lambda _: pillow(paths, pool), repeats)
    kept = alternate(lambda _: decoded(), lambda _: pillow_into_array(paths, side, threads), repeats)
    files = f"{len(paths):,} JPEG files of {side} pixels"
    name = "threads" if pool is threads else "processes"
    return [
        speed_ratio("reading, encoded", (f"read_images, bytes kept, {files}", f"Pillow in {name}"), dropped, 0.8),
        speed_ratio("reading, decoded", (f"read_images, pixels kept, {files}", "Pillow, pixels kept"), kept, 0.8),
    ]


if __name__ == "__main__":
    main()
