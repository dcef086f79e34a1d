"""Augmentation of the deck's plan: ours, in batch on tensors, against Keras' ImageDataGenerator, as a ratio.

    python benchmarks/augmentation.py [--rounds 7] [--images 5000]

Both shift by up to 0.1 of the size, sub-pixel and bilinear, and flip both ways, in batches of 500. Rounds alternate, so
that a machine whose speed drifts slows both; the ratio is taken round by round.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from recognition.augmentation.plan import resolve_plan
from recognition.augmentation.transform import augment, step_seed
from recognition.configuration.schema import AugmentationConfig
from recognition.data.dataset import Split

BATCH = 500
OPTIONS = {"width_shift_range": 0.1, "height_shift_range": 0.1, "horizontal_flip": True, "vertical_flip": True}


def main() -> None:
    """Time both and print images/s and their ratio: median, smallest and largest of all rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=5_000)
    options = parser.parse_args()
    images = np.random.default_rng(0).integers(0, 256, (options.images, 32, 32, 3), dtype=np.uint8)
    ours, theirs = ours_for(images), theirs_for(images)
    ours(0), theirs(0)
    rounds = [(seconds(ours, i), seconds(theirs, i)) for i in range(1, options.rounds + 1)]
    ratios = sorted(slow / fast for fast, slow in rounds)
    print(f"ours                {options.images / statistics.median(fast for fast, _ in rounds):>9,.0f} images/s")
    print(f"ImageDataGenerator  {options.images / statistics.median(slow for _, slow in rounds):>9,.0f} images/s")
    print(f"ratio {statistics.median(ratios):.1f}x ({ratios[0]:.1f} to {ratios[-1]:.1f}, {len(ratios)} paired rounds)")


def ours_for(images):
    """A function that augments all images once, as round `i`."""
    labels = np.zeros(len(images), np.int32)
    plan = resolve_plan(AugmentationConfig(**OPTIONS), Split(images, labels, np.zeros(len(images), np.uint64)))
    targets = np.ones((len(images), 1), np.float32)  # which nothing here changes
    compiled = tf.function(lambda *batch: augment(*batch[:2], plan, batch[2])[0], autograph=False)

    def run(i):
        for start in range(0, len(images), BATCH):
            batch = slice(start, start + BATCH)
            compiled(images[batch], targets[batch], step_seed(0, i, start)).numpy()

    return run


def theirs_for(images):
    """The same with ImageDataGenerator."""
    generator = tf.keras.preprocessing.image.ImageDataGenerator(**OPTIONS)
    pixels = images.astype(np.float32)

    def run(i):
        batches = generator.flow(pixels, batch_size=BATCH, seed=i)
        for _ in range(len(batches)):
            next(batches)

    return run


def seconds(function, i):
    """Wall time of round `i`."""
    start = time.perf_counter()
    function(i)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
