import pytest

from recognition.data.inspection import inspect_dataset
from recognition.data.quality_issues import quality_issues
from tests.recognition.data.samples import dataset_of

ENOUGH = {"train": 30, "validation": 20, "test": 20}


@pytest.fixture(scope="module")
def summary():
    return inspect_dataset(dataset_of(ENOUGH)).summary


def texts(summary):
    return [concern.text for concern in quality_issues(summary)]


def test_good_data_raise_none(summary):
    assert quality_issues(summary) == ()


def test_small_classes(summary):
    [validation, test] = quality_issues(inspect_dataset(dataset_of()).summary)
    assert validation.text.startswith("3 of 3 classes have fewer than 20 validation images: class_0")
    assert (validation.part, test.part) == ("classes", "classes")


def test_unequal_classes(summary):
    train = summary.sides["train"].model_copy(update={"counts": (300, 30, 290)})
    unequal = summary.model_copy(update={"sides": {**summary.sides, "train": train}})
    assert texts(unequal) == ["class_0 has 10 times as many training images as class_1"]


def test_pairs_and_files(summary):
    duplicates = {"train": 5, "train/validation": 0, "train/test": 1, "validation/test": 2}
    near = {"train": 7, "train/test": 3}
    odd = summary.model_copy(
        update={"duplicates": duplicates, "near_duplicates": near, "two_labels": 1, "unreadable": 4}
    )
    assert texts(odd) == [
        "1 test image stands in train too: scores flatter",
        "2 test images stand in validation too: scores flatter",
        "3 pairs of images that look alike lie across sides",
        "1 pair of equal pictures has two labels",
        "4 files could not be read",
    ]


def test_odd_images_are_counted_over_all_sides(summary):
    sides = {side: each.model_copy(update={"odd": {"tiny": 2, "grey": 1}}) for side, each in summary.sides.items()}
    found = texts(summary.model_copy(update={"sides": sides}))
    assert found == ["6 images are enlarged more than twice", "3 images are grey, where most are coloured"]
