import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from recognition.augmentation.plan import resolve_plan
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.data.dataset import Split
from recognition.errors import InputError
from recognition.pictures.augmentation import augmentation_picture, options_in_words
from recognition.pictures.grid import image_grid

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
        {"random_crop": 2},
        {"rand_augment": 2},
        {"brightness": 0.5, "contrast": 0.5},
        {"cutout": 0.5},
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


def test_all_other_options_are_told_in_words(digits):
    options = {"random_crop": 4, "rand_augment": 2, "brightness": 0.4, "contrast": 0.25, "cutout": 0.5}
    assert options_in_words(plan_of(digits, mixup=0.2, cutmix=1, **options)) == [
        "cropped at random out of a mirrored border of 4 pixels",
        "RandAugment, 2 of its operations at magnitude 9",
        "brightness changed by up to 40%",
        "contrast changed by up to 25%",
        "a square of 4 pixels a side erased (cutout)",
        "blended with another image (mixup, alpha 0.2)",
        "a box of another image pasted in (CutMix, alpha 1)",
        "of these two, each image gets one",
    ]
    assert "of these two" not in "".join(options_in_words(plan_of(digits, cutmix=1)))
    colors = Split(np.repeat(digits.images, 3, axis=-1), digits.labels, digits.hashes)
    assert options_in_words(plan_of(colors, saturation=0.1, hue=0.05)) == [
        "saturation changed by up to 10%",
        "hue turned by up to 0.05 of the colour wheel",
    ]


@pytest.fixture
def drawn(monkeypatch):
    """What is drawn last: images, titles and the number of columns."""
    seen = {}

    def record(images, titles, columns, scale, heading):
        seen.update(images=images, titles=titles, columns=columns)
        return image_grid(images, titles, columns, scale, heading)

    monkeypatch.setattr("recognition.pictures.augmentation.image_grid", record)
    return seen


@pytest.mark.parametrize("options", [{"mixup": 1}, {"cutmix": 1}, {"mixup": 0.2, "cutmix": 1}])
def test_titles_of_mixed_images_name_both_classes_and_their_shares(digits, drawn, options):
    augmentation_picture(digits, plan_of(digits, **options), NAMES)
    before, after = ([title for title in drawn["titles"] if title.startswith(start)] for start in ("before", "after"))
    assert len(before) == len(after) == 12
    pairs = [re.fullmatch(r"after: (\S+) (digit \d) \+ (\S+) (digit \d)", title) for title in after]
    shares = [(float(pair[1]), float(pair[3])) for pair in pairs if pair]
    assert len(shares) >= 6
    assert all(first >= second > 0 and first + second == pytest.approx(1) for first, second in shares)
    alone = [title for title, pair in zip(after, pairs, strict=True) if not pair]
    assert all(re.fullmatch(r"after: digit \d", title) for title in alone)


def test_titles_tell_what_is_in_the_pixels(digits, drawn):
    """Images of one shade each, by which a mixed pixel tells the shares."""
    shades = np.arange(10, dtype=np.uint8) * 20 + 10
    ten = Split(
        np.ones((10, 8, 8, 1), np.uint8) * shades[:, None, None, None],
        np.arange(10, dtype=np.int32),
        digits.hashes[:10],
    )
    augmentation_picture(ten, plan_of(ten, mixup=1), NAMES)
    for image, title in zip(drawn["images"], drawn["titles"], strict=True):
        shares = re.findall(r"([\d.]+) digit (\d)", title)
        expected = sum(float(share) * shades[int(digit)] for share, digit in shares)
        assert not shares or image.mean() == pytest.approx(expected, abs=2)
    assert sum("+" in title for title in drawn["titles"]) >= 5
