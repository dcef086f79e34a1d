import numpy as np

from recognition.data.duplicates import count_duplicates, without_duplicates


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


def test_the_side_that_judges_keeps_an_image_that_stands_on_two():
    marks = hashes(1, 1, 2, 2, 3, 3, 4)
    chosen = {side: np.array(indices) for side, indices in {"train": [0, 2], "gate": [1, 4, 6], "test": [3, 5]}.items()}
    kept = without_duplicates(chosen, marks, "drop")
    assert {side: indices.tolist() for side, indices in kept.items()} == {"train": [], "gate": [1, 6], "test": [3, 5]}
