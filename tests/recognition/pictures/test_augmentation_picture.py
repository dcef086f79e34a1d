from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from recognition.augmentation.plan import resolve_plan
from recognition.configuration.schema import AugmentationConfig
from recognition.data.dataset import Split
from recognition.errors import InputError
from recognition.pictures.augmentation import augmentation_picture, options_in_words

NAMES = [f"digit {number}" for number in range(10)]


@pytest.fixture(scope="module")
def digits():
    bunch = load_digits()
    images = (bunch.images[..., None] * 255 / 16).astype(np.uint8)
    return Split(images, bunch.target.astype(np.int32), np.arange(len(images), dtype=np.uint64))


def plan_of(split, **options):
    return resolve_plan(AugmentationConfig.model_validate(options), split)


def pixels(png):
    return np.asarray(Image.open(BytesIO(png)))


def rows_of_images(png):
    """The four rows of six images, 128 pixels each, from below where no heading moves them."""
    picture = pixels(png)
    bottoms = [picture.shape[0] - 28 - 156 * row for row in (3, 2, 1, 0)]
    return [picture[bottom - 128 : bottom, 8:] for bottom in bottoms]


def test_the_picture_shows_the_same_images_twice(digits):
    first, second, third, fourth = rows_of_images(augmentation_picture(digits, plan_of(digits), NAMES))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(third, fourth)
    assert np.abs(first.astype(int) - third).max() == 255


@pytest.mark.parametrize(
    "options",
    [
        {"rotation_range": 30, "width_shift_range": 0.2},
        {"vertical_flip": True},
        {"featurewise_center": True, "zca_whitening": True},
        {"samplewise_center": True, "samplewise_std_normalization": True},
    ],
)
def test_after_differs_from_before(digits, options):
    before, after, *_ = rows_of_images(augmentation_picture(digits, plan_of(digits, **options), NAMES))
    assert not np.array_equal(before, after)


def test_the_picture_is_the_same_every_time(digits):
    plan = plan_of(digits, rotation_range=30, horizontal_flip=True)
    assert augmentation_picture(digits, plan, NAMES) == augmentation_picture(digits, plan, NAMES)


def test_a_small_split_is_shown_whole(digits):
    three = digits.take(np.arange(3))
    assert pixels(augmentation_picture(three, plan_of(digits), NAMES)).shape[1] == 3 * 136 + 8


def test_an_empty_split_is_refused(digits):
    with pytest.raises(InputError, match="no images to draw"):
        augmentation_picture(digits.take(np.arange(0)), plan_of(digits), NAMES)


def test_active_options_are_told_in_words(digits):
    plan = plan_of(digits, width_shift_range=0.1, vertical_flip=True, featurewise_center=True)
    assert options_in_words(plan) == [
        "shifted sideways by up to 0.8 pixels",
        "one in two mirrored top to bottom",
        "each channel minus its mean over the training images",
    ]
    assert options_in_words(plan_of(digits)) == ["none, the images stay as they are"]
