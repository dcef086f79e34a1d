import colorsys

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy.stats import kstest

from recognition.augmentation.color import (
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
    jitter_colors,
    turn_hue,
)
from recognition.augmentation.transform import step_seed

ENHANCERS = {
    adjust_brightness: ImageEnhance.Brightness,
    adjust_contrast: ImageEnhance.Contrast,
    adjust_saturation: ImageEnhance.Color,
}
ROUNDING = 1.5  # Pillow keeps whole numbers where ours keep fractions


@pytest.mark.parametrize("adjust", ENHANCERS, ids=lambda adjust: adjust.__name__)
def test_adjustments_are_those_of_pillow(photographs, adjust):
    factors = np.linspace(0, 2, len(photographs), dtype=np.float32)
    expected = [
        np.asarray(ENHANCERS[adjust](Image.fromarray(image)).enhance(float(factor)))
        for image, factor in zip(photographs, factors, strict=True)
    ]
    np.testing.assert_allclose(adjust(photographs.astype(np.float32), factors), expected, atol=ROUNDING)


def test_hue_turns_as_in_colorsys(photographs):
    images, turns = photographs[:20, ::8, ::8], np.linspace(-1, 1, 20, dtype=np.float32)
    expected = np.empty(images.shape)
    for place in np.ndindex(images.shape[:3]):
        hue, saturation, value = colorsys.rgb_to_hsv(*(images[place] / 255))
        expected[place] = np.multiply(colorsys.hsv_to_rgb((hue + turns[place[0]]) % 1, saturation, value), 255)
    np.testing.assert_allclose(turn_hue(images.astype(np.float32), turns), expected, atol=0.01)


def test_a_third_of_a_turn_makes_red_green_and_leaves_grey():
    images = np.float32([[[[200, 0, 0], [90, 90, 90]]]])
    np.testing.assert_allclose(turn_hue(images, np.float32([1 / 3])), [[[[0, 200, 0], [90, 90, 90]]]], atol=0.01)


def colored(shape=(2000, 2, 2, 3)):
    """Equal images that neither clipping nor grey pixels hide changes of."""
    image = np.float32([[[60, 50, 40], [40, 50, 60]], [[50, 60, 40], [50, 50, 50]]])
    return np.broadcast_to(image, shape)


def test_brightness_factors_are_uniform_and_each_images_own(plan_for):
    images = colored()
    changed = jitter_colors(images, plan_for(images, brightness=0.4), step_seed(0, 0, 0)).numpy()
    factors = (changed / images).reshape(len(images), -1)
    np.testing.assert_allclose(factors, factors[:, :1] * np.ones(12), rtol=1e-5)
    assert kstest(factors[:, 0], "uniform", (0.6, 0.8)).pvalue > 0.01


@pytest.mark.parametrize(
    ("option", "spread"), [("contrast", lambda x: x.std()), ("saturation", lambda x: np.ptp(x[0, 0]))]
)
def test_contrast_and_saturation_factors_are_uniform(plan_for, option, spread):
    images = colored()
    changed = jitter_colors(images, plan_for(images, **{option: 0.3}), step_seed(0, 0, 0)).numpy()
    factors = [spread(image) / spread(images[0]) for image in changed]
    assert kstest(factors, "uniform", (0.7, 0.6)).pvalue > 0.01


def test_hue_turns_are_uniform(plan_for):
    images = colored()
    changed = jitter_colors(images, plan_for(images, hue=0.1), step_seed(0, 0, 0)).numpy()
    hues = [colorsys.rgb_to_hsv(*image[0, 0] / 255)[0] for image in changed]
    before = colorsys.rgb_to_hsv(*images[0, 0, 0] / 255)[0]
    turns = (np.array(hues) - before + 0.5) % 1 - 0.5
    assert kstest(turns, "uniform", (-0.1, 0.2)).pvalue > 0.01


def test_the_four_draws_of_an_image_are_independent(plan_for):
    images = colored()
    alone = [
        jitter_colors(images, plan_for(images, **{option: 0.2}), step_seed(0, 0, 0))
        .numpy()
        .reshape(2000, -1)
        .std(axis=1)
        for option in ("brightness", "contrast", "saturation")
    ]
    assert np.abs(np.corrcoef(alone) - np.eye(3)).max() < 0.1


def test_values_stay_within_range(photographs, plan_for):
    plan = plan_for(photographs, brightness=1, contrast=1, saturation=1, hue=0.5)
    changed = jitter_colors(photographs.astype(np.float32), plan, step_seed(0, 0, 0)).numpy()
    assert changed.min() >= 0
    assert changed.max() <= 255.001
