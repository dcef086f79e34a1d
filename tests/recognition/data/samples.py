"""Small data sets, made up."""

from types import MappingProxyType

import numpy as np

from recognition.data.dataset import ImageDataset, Split, image_hashes
from recognition.data.duplicates import count_duplicates

SIDES = MappingProxyType({"train": 6, "validation": 2, "test": 3})


def images_of(count, size=12, channels=3, seed=0):
    """Smooth random pictures, each unlike the others: uint8, (count, size, size, channels)."""
    coarse = np.random.default_rng(seed).uniform(30, 220, (count, 4, 4, channels))
    places = np.arange(size) * 4 // size
    return np.ascontiguousarray(coarse[:, places][:, :, places], np.uint8)


def dataset_of(sides=SIDES, classes=3, names=None, seed=0, change=None, **facts):
    """A data set of `sides` images of each class on each side.

    `change` is given side and images, and returns other images. `facts` are further attributes.
    """
    splits = {}
    for number, (side, each) in enumerate(sides.items()):
        labels = np.repeat(np.arange(classes, dtype=np.int32), each)
        images = images_of(len(labels), seed=seed + number)
        images = change(side, images) if change else images
        splits[side] = Split(images, labels, image_hashes(images))
    duplicates = count_duplicates({side: split.hashes for side, split in splits.items()})
    names = names or tuple(f"class_{index}" for index in range(classes))
    return ImageDataset("made", splits, names, (), np.empty(0, np.int32), duplicates, **facts)
