"""Claim: augmentation in batch on tensors is many times as fast as Keras' ImageDataGenerator.

seed.yaml's plan: both shift by up to 0.1 of the size, sub-pixel and bilinear, and flip both ways; they draw the same
distribution, as tests/recognition/augmentation/test_geometry.py shows. And, by a name of its own since it is not the
same augmentation: a shift by whole pixels, which is `random_crop` with a mirrored border of 3 pixels, against
ImageDataGenerator's shift alone.

    python benchmarks/augmentation.py --repeats 15 --images 5000
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from measurement import Figure, alternate, arguments, publish, speed_ratio

from recognition.augmentation.plan import resolve_plan
from recognition.augmentation.transform import augment, step_seed
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.data.dataset import Split

BATCH = 500
SHIFT = {"width_shift_range": 0.1, "height_shift_range": 0.1}
FLIPS = {"horizontal_flip": True, "vertical_flip": True}


def main() -> None:
    """Time each plan against ImageDataGenerator, in turns."""
    parser = arguments(__doc__, repeats=15)
    parser.add_argument("--images", type=int, default=5_000)
    options = parser.parse_args()
    images = np.random.default_rng(0).integers(0, 256, (options.images, 32, 32, 3), dtype=np.uint8)
    both = SHIFT | FLIPS
    figures = [
        compare("augmentation, sub-pixel shift and flips as in seed.yaml", images, both, both, options.repeats, 8.0),
        compare("augmentation, whole-pixel shift", images, {"random_crop": 3}, SHIFT, options.repeats, 16.0),
    ]
    publish("augmentation", __doc__, figures, options.results)


def compare(name, images, plan, generator, repeats, goal) -> Figure:
    """How many times as fast our plan is as ImageDataGenerator with its options."""
    rounds = alternate(ours_for(images, plan), theirs_for(images, generator), repeats)
    print(f"{name}: {len(images) / min(each.ours for each in rounds):,.0f} images/s in the fastest round")
    compared = f"augment, {plan}, batches of {BATCH}", f"ImageDataGenerator, {generator}, batches of {BATCH}"
    return speed_ratio(name, compared, rounds, goal)


def ours_for(images, plan):
    """A function that augments all images once, as round `i`."""
    split = Split(images, np.zeros(len(images), np.int32), np.zeros(len(images), np.uint64))
    resolved = resolve_plan(AugmentationConfig(**plan), split)
    targets = np.ones((len(images), 1), np.float32)  # which nothing here changes
    compiled = tf.function(lambda *batch: augment(*batch[:2], resolved, batch[2])[0], autograph=False)

    def run(i):
        for start in range(0, len(images), BATCH):
            batch = slice(start, start + BATCH)
            augmented = compiled(images[batch], targets[batch], step_seed(0, i, start))
            augmented[0, 0, 0, 0].numpy()  # waits for a GPU, and copies nothing: training takes the tensor as it is

    return run


def theirs_for(images, options):
    """The same with ImageDataGenerator."""
    generator = tf.keras.preprocessing.image.ImageDataGenerator(**options)
    pixels = images.astype(np.float32)

    def run(i):
        batches = generator.flow(pixels, batch_size=BATCH, seed=i)
        for _ in range(len(batches)):
            next(batches)

    return run


if __name__ == "__main__":
    main()
