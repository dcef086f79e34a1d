import numpy as np

from recognition.data.duplicates import count_duplicates


def hashes(*values):
    return np.array(values, dtype=np.uint64)


def test_counts_repeats_within_and_images_across():
    counted = count_duplicates({"train": hashes(1, 2, 2, 2, 3), "validation": hashes(9), "test": hashes(2, 2, 3, 8)})
    assert counted.within == {"train": 2, "validation": 0, "test": 1}
    assert counted.across == {"train/validation": 0, "train/test": 3, "validation/test": 0}


def test_an_empty_part_has_none():
    counted = count_duplicates({"train": hashes(1), "test": hashes()})
    assert counted.within == {"train": 0, "test": 0}
    assert counted.across == {"train/test": 0}
