import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from scipy.stats import chisquare

from recognition.augmentation.rand_augment import OPERATIONS, SHEAR, TRANSLATION, apply_operations, rand_augment
from recognition.augmentation.transform import step_seed

GREY = 128
ROUNDING = 1.5  # Pillow keeps whole numbers where ours keep fractions


def warped(*coefficients):
    def warp(image, strength):
        data = [c(image, strength) if callable(c) else c for c in coefficients]
        fill = (GREY,) * len(image.getbands())
        return image.transform(image.size, Image.Transform.AFFINE, data, Image.Resampling.NEAREST, fillcolor=fill)

    return warp


def posterized(image, strength):
    return ImageOps.posterize(image, 8 - round(4 * abs(strength)))


def solarized(image, strength):
    return ImageOps.solarize(image, 256 * (1 - abs(strength)))


def rotated(image, strength):
    return image.rotate(30 * strength, Image.Resampling.NEAREST, fillcolor=(GREY,) * len(image.getbands()))


def enhanced(enhancer):
    return lambda image, strength: enhancer(image).enhance(1 + 0.9 * strength)


def sharpened(image, strength):
    smooth = image.filter(ImageFilter.SMOOTH)
    return Image.blend(smooth, image, 1 + 0.9 * strength)


PILLOW = {
    "identity": lambda image, _: image,
    "auto contrast": lambda image, _: ImageOps.autocontrast(image),
    "equalize": lambda image, _: ImageOps.equalize(image),
    "solarize": solarized,
    "posterize": posterized,
    "color": enhanced(ImageEnhance.Color),
    "contrast": enhanced(ImageEnhance.Contrast),
    "brightness": enhanced(ImageEnhance.Brightness),
    "sharpness": sharpened,
    "rotate": rotated,
    "shear x": warped(1, lambda _, strength: SHEAR * strength, 0, 0, 1, 0),
    "shear y": warped(1, 0, 0, lambda _, strength: SHEAR * strength, 1, 0),
    "translate x": warped(1, 0, lambda image, strength: TRANSLATION * image.width * strength, 0, 1, 0),
    "translate y": warped(1, 0, 0, 0, 1, lambda image, strength: TRANSLATION * image.height * strength),
}
WARPS = ("rotate", "shear x", "shear y", "translate x", "translate y")
WITHOUT_STRENGTH = ("identity", "auto contrast", "equalize")
STRENGTHS = (-0.9, -0.3, 0.0, 0.5, 1.0)


def by_pillow(images, name, strengths):
    made = [
        np.asarray(PILLOW[name](Image.fromarray(image.squeeze()), strength), np.float32)
        for image, strength in zip(images, strengths, strict=True)
    ]
    return np.stack(made).reshape(images.shape)


def by_ours(images, name, strengths):
    drawn = np.full(len(images), list(OPERATIONS).index(name), np.int32)
    return apply_operations(images.astype(np.float32), drawn, np.array(strengths, np.float32)).numpy()


@pytest.fixture(scope="module", params=["color", "grey", "oblong"])
def images(request, photographs):
    cut = {"color": photographs, "grey": photographs[..., :1], "oblong": photographs[:, :19]}
    return np.ascontiguousarray(cut[request.param])


def test_the_operations_are_the_fourteen_of_the_paper():
    assert set(OPERATIONS) == set(PILLOW)
    assert len(OPERATIONS) == 14


@pytest.mark.parametrize("name", PILLOW)
def test_operations_are_those_of_pillow(images, name):
    strengths = np.resize(STRENGTHS, len(images))
    difference = np.abs(by_ours(images, name, strengths) - by_pillow(images, name, strengths))
    if name in WARPS:  # a source right between two pixels may be rounded to either
        assert (difference > 0).mean() < 0.001
    elif name in ("identity", "equalize", "solarize", "posterize"):
        assert difference.max() == 0
    else:
        assert difference.max() < ROUNDING


@pytest.mark.parametrize("name", PILLOW)
def test_operations_do_something_and_more_at_a_higher_strength(photographs, name):
    weak, strong = (
        np.abs(by_ours(photographs, name, np.full(len(photographs), strength)) - photographs).mean()
        for strength in (0.25, 1.0)
    )
    if name in WITHOUT_STRENGTH:
        assert weak == strong
    else:
        assert 0 < weak < strong
    assert (name == "identity") == (strong == 0)


@pytest.mark.parametrize("name", [name for name in PILLOW if name not in WITHOUT_STRENGTH])
def test_strength_zero_leaves_images_as_they_are(photographs, name):
    np.testing.assert_allclose(by_ours(photographs, name, np.zeros(len(photographs))), photographs, atol=1e-4)


@pytest.mark.parametrize("name", ["auto contrast", "equalize", "contrast", "sharpness"])
@pytest.mark.parametrize("value", [0, 7, 255])
def test_images_of_one_colour_stay_finite_and_in_range(name, value):
    images = np.full((3, 8, 8, 3), value, np.uint8)
    np.testing.assert_allclose(by_ours(images, name, (-1, 0.5, 1)), images, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 5, 1)])
def test_tiny_images_pass_every_operation(shape):
    images = np.random.default_rng(0).integers(0, 256, (4, *shape), dtype=np.uint8)
    for name in OPERATIONS:
        assert np.isfinite(by_ours(images, name, (-1, -0.5, 0.5, 1))).all()


def test_each_image_gets_the_operation_that_it_drew(photographs):
    drawn = np.resize(np.arange(14), len(photographs))[::-1].astype(np.int32)
    strengths = np.resize(STRENGTHS, len(photographs))
    mixed = apply_operations(photographs.astype(np.float32), drawn, strengths.astype(np.float32)).numpy()
    for place, number in enumerate(drawn):
        alone = by_ours(photographs[place : place + 1], list(OPERATIONS)[number], strengths[place : place + 1])
        np.testing.assert_allclose(mixed[place], alone[0], atol=1e-3)


def test_equal_images_get_operations_and_directions_of_their_own(photographs, plan_for):
    same = np.tile(photographs[5].astype(np.float32), (700, 1, 1, 1))
    one = rand_augment(same, plan_for(photographs, rand_augment=1), step_seed(0, 0, 0)).numpy()
    kinds, counts = np.unique(one, axis=0, return_counts=True)
    expected = kinds_of(photographs[5])
    assert len(kinds) == len(expected)
    assert chisquare(sorted(counts), sorted(700 / 28 * np.array(list(expected.values())))).pvalue > 0.001


def kinds_of(image):
    """What one operation of magnitude 9 can make of an image -> of its 28 equally likely draws, how many make it."""
    kinds = {}
    for name in OPERATIONS:
        for strength in (-0.9, 0.9):
            made = by_ours(image[None], name, [strength]).tobytes()
            kinds[made] = kinds.get(made, 0) + 1
    return kinds


def test_operations_follow_each_other(photographs, plan_for):
    same = np.tile(photographs[5].astype(np.float32), (400, 1, 1, 1))
    two = rand_augment(same, plan_for(photographs, rand_augment=2), step_seed(0, 0, 0)).numpy()
    assert len(np.unique(two, axis=0)) > len(kinds_of(photographs[5])) * 3


def test_the_magnitude_decides_how_far_operations_go(photographs, plan_for):
    def change(**options):
        plan = plan_for(photographs, rand_augment=2, **options)
        return np.abs(rand_augment(photographs.astype(np.float32), plan, step_seed(0, 0, 0)) - photographs).mean()

    assert change(rand_augment_magnitude=2) < change(rand_augment_magnitude=6) < change() < 128
    assert change() == change(rand_augment_magnitude=9)
