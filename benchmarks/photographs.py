"""Images to read: JPEG files whose size in bytes is that of photographs, each its own."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image


def write_classes(folder: Path, count: int, side: int, classes: int) -> None:
    """Write smoothed noise, a folder a class, on all cores; what is there already stays.

    Args:
        folder: Where the classes' folders lie.
        count: Number of images, divided among the classes.
        side: Pixels a side.
        classes: Number of classes.
    """
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(_write_class, folder, count // classes, side), range(classes)))


def _write_class(folder: Path, count: int, side: int, label: int) -> None:
    target = folder / f"class{label:03}"
    target.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(label)
    for number in range(count):
        path = target / f"{number:04}.jpg"
        coarse = generator.integers(0, 256, (side // 4, side // 4, 3), np.uint8)
        if not path.exists():
            Image.fromarray(coarse).resize((side, side), Image.Resampling.BILINEAR).save(path, quality=75)
