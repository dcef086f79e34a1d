import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import chisquare

from recognition.augmentation.crop import random_crop
from recognition.augmentation.transform import step_seed


def all_crops(image, border):
    """Every crop that the mirrored image allows, by its bytes -> its place."""
    height, width, _ = image.shape
    padded = np.pad(image, ((border, border), (border, border), (0, 0)), mode="reflect")
    places = np.ndindex(2 * border + 1, 2 * border + 1)
    return {padded[row : row + height, column : column + width].tobytes(): (row, column) for row, column in places}


@pytest.fixture(scope="module", params=[(12, 20, 3), (20, 9, 1)], ids=str)
def image(request):
    return np.random.default_rng(0).integers(0, 256, request.param, dtype=np.uint8)


@pytest.mark.parametrize("border", [1, 2, 7])
def test_every_place_of_the_mirrored_image_is_equally_likely(image, plan_for, border):
    places = all_crops(image, border)
    same = np.tile(image, (20 * len(places), 1, 1, 1))
    crops = random_crop(same, plan_for(same, random_crop=border), step_seed(0, 0, 0)).numpy()
    counts = np.zeros((2 * border + 1, 2 * border + 1))
    for crop in crops:
        counts[places[crop.tobytes()]] += 1
    assert chisquare(counts.ravel()).pvalue > 0.001


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_crops_keep_dtype_and_static_shape(photographs, plan_for, dtype):
    crops = random_crop(photographs.astype(dtype), plan_for(photographs, random_crop=4), step_seed(0, 0, 0))
    assert crops.dtype == tf.as_dtype(dtype)
    assert crops.shape == photographs.shape


def test_the_widest_border_is_one_less_than_the_shorter_side(image, plan_for):
    side = min(image.shape[:2])
    crops = random_crop(image[None], plan_for(image[None], random_crop=side - 1), step_seed(0, 0, 0)).numpy()
    assert crops[0].tobytes() in all_crops(image, side - 1)
