import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import ks_2samp

from recognition.augmentation.geometry import Transforms, apply_transforms, compiled, draw_transforms
from recognition.augmentation.transform import step_seed

# Keras 3.15's ImageDataGenerator reaches affine_transform through a namespace that SciPy has renamed
pytestmark = pytest.mark.filterwarnings("ignore:Please import `affine_transform` from:DeprecationWarning")

ImageDataGenerator = tf.keras.preprocessing.image.ImageDataGenerator
TOLERANCE = 1e-4 * 255


def transforms(number, theta=0.0, rows=0.0, columns=0.0, horizontal=False, vertical=False):
    floats = [tf.cast(tf.broadcast_to(value, [number]), tf.float32) for value in (theta, rows, columns)]
    return Transforms(*floats, *(tf.broadcast_to(value, [number]) for value in (horizontal, vertical)))


def move(images, plan, seed):
    return apply_transforms(images, draw_transforms(plan, len(images), seed), plan)


def by_keras(images, draws):
    """The same moves by ImageDataGenerator, whose tx goes along the columns and ty along the rows."""
    moved = []
    for image, theta, rows, columns, horizontal, vertical in zip(images, *draws, strict=True):
        parameters = {"theta": float(theta), "tx": float(columns), "ty": float(rows)}
        flips = {"flip_horizontal": bool(horizontal), "flip_vertical": bool(vertical)}
        moved.append(ImageDataGenerator().apply_transform(image.astype(np.float32), parameters | flips))
    return np.stack(moved)


def draw_by_keras(shape, number, **options):
    generator = ImageDataGenerator(**options)
    np.random.seed(42)
    return [generator.get_random_transform(shape) for _ in range(number)]


GEOMETRY = {
    "rotation": {"rotation_range": 180},
    "width shift": {"width_shift_range": 0.3},
    "height shift": {"height_shift_range": 0.3},
    "far shift": {"width_shift_range": 31, "height_shift_range": 31},
    "horizontal flip": {"horizontal_flip": True},
    "vertical flip": {"vertical_flip": True},
    "shifts and flips": {
        "width_shift_range": 0.1,
        "height_shift_range": 0.1,
        "horizontal_flip": True,
        "vertical_flip": True,
    },
    "everything": {
        "rotation_range": 30,
        "width_shift_range": 0.2,
        "height_shift_range": 3,
        "horizontal_flip": True,
        "vertical_flip": True,
    },
}


@pytest.mark.parametrize("options", GEOMETRY.values(), ids=GEOMETRY)
def test_images_move_as_in_keras(photographs, plan_for, options):
    plan = plan_for(photographs, **options)
    draws = draw_transforms(plan, len(photographs), step_seed(0, 0, 0))
    ours = apply_transforms(photographs, draws, plan).numpy()
    expected = by_keras(photographs, draws)
    assert np.abs(expected - photographs).max() > 10
    np.testing.assert_allclose(ours, expected, atol=TOLERANCE)


def test_the_fast_shift_is_the_affine_one(plan_for):
    images = np.random.default_rng(0).integers(0, 256, (50, 12, 20, 1), dtype=np.uint8)
    options = {"width_shift_range": 0.5, "height_shift_range": 0.5, "horizontal_flip": True, "vertical_flip": True}
    fast, affine = plan_for(images, **options), plan_for(images, rotation_range=1, **options)
    draws = draw_transforms(fast, 50, step_seed(0, 0, 0))
    moved = apply_transforms(images, draws, fast), apply_transforms(images, draws, affine)
    np.testing.assert_allclose(*moved, atol=TOLERANCE)


def test_half_a_turn_of_an_oblong_image_is_about_its_centre(plan_for):
    images = np.random.default_rng(0).integers(0, 256, (5, 12, 20, 3), dtype=np.uint8)
    turned = apply_transforms(images, transforms(5, theta=180.0), plan_for(images, rotation_range=180))
    np.testing.assert_allclose(turned, images[:, ::-1, ::-1], atol=TOLERANCE)


def test_height_shifts_go_up_and_down_and_width_shifts_sideways(plan_for):
    rows, columns = np.mgrid[:12, :20].astype(np.uint8)
    images = np.tile(np.stack([rows, columns, rows], axis=-1), (30, 1, 1, 1))
    high = move(images, plan_for(images, height_shift_range=5), step_seed(0, 0, 0)).numpy()
    wide = move(images, plan_for(images, width_shift_range=5), step_seed(0, 0, 0)).numpy()
    for moved, still, channel in ((high, columns, 0), (wide, rows, 1)):
        np.testing.assert_allclose(moved[..., 1 - channel], np.broadcast_to(still, (30, 12, 20)), atol=1e-4)
        assert moved[..., channel].std(axis=0).min() > 0.1


@pytest.mark.parametrize("ranges", [(40, 0.1, 0.2), (180, 2.0, 3.5), (1, 0.999, 1.0)])
def test_draws_are_distributed_as_in_keras(plan_for, ranges):
    names = ("rotation_range", "height_shift_range", "width_shift_range")
    options = dict(zip(names, map(float, ranges), strict=True))
    plan = plan_for(np.zeros((1, 20, 40, 3), np.uint8), **options)
    draws = draw_transforms(plan, 4000, step_seed(1, 2, 3))
    expected = draw_by_keras((20, 40, 3), 4000, **options)
    limits = (plan.options.rotation_range, plan.height_shift, plan.width_shift)
    for ours, name, limit in zip(draws[:3], ("theta", "tx", "ty"), limits, strict=True):
        theirs = np.array([parameters[name] for parameters in expected])
        assert 0.99 * limit < np.abs(ours).max() <= limit
        assert abs(np.mean(ours)) < 0.05 * limit
        assert ks_2samp(ours, theirs).pvalue > 0.01


@pytest.mark.parametrize("option", ["horizontal_flip", "vertical_flip"])
def test_every_second_image_is_flipped_as_in_keras(photographs, plan_for, option):
    flips = draw_transforms(plan_for(photographs, **{option: True}), 4000, step_seed(0, 0, 0))._asdict()
    direction = "flip_" + option.removesuffix("_flip")
    theirs = [draw[direction] for draw in draw_by_keras((32, 32, 3), 4000, **{option: True})]
    assert abs(np.mean(flips.pop(option)) - np.mean(theirs)) < 0.04
    assert not any(np.any(values) for values in flips.values())


def test_the_draws_of_one_image_are_independent(photographs, plan_for):
    plan = plan_for(photographs, **GEOMETRY["everything"])
    draws = np.stack([np.asarray(values, np.float64) for values in draw_transforms(plan, 4000, step_seed(0, 0, 0))])
    assert np.abs(np.corrcoef(draws) - np.eye(5)).max() < 0.05


def test_each_image_has_its_own_draw(photographs, plan_for):
    plan = plan_for(photographs, rotation_range=30, width_shift_range=0.2, height_shift_range=0.2)
    same = np.tile(photographs[5], (40, 1, 1, 1))
    assert len(np.unique(move(same, plan, step_seed(0, 0, 0)), axis=0)) == 40


def test_the_draw_of_an_image_ignores_the_size_of_its_batch(photographs, plan_for):
    plan = plan_for(photographs, **GEOMETRY["shifts and flips"])
    whole = move(photographs, plan, step_seed(0, 0, 0))
    part = move(photographs[:7], plan, step_seed(0, 0, 0))
    np.testing.assert_array_equal(whole[:7], part)


@pytest.mark.parametrize("options", [GEOMETRY["horizontal flip"], GEOMETRY["vertical flip"]])
def test_flips_alone_leave_every_pixel_exactly_as_it_was(photographs, plan_for, options):
    moved = move(photographs, plan_for(photographs, **options), step_seed(0, 0, 0)).numpy()
    axis = 2 if "horizontal_flip" in options else 1
    flipped = np.flip(photographs, axis)
    whether = [np.array_equal(*pair) for pair in zip(moved, flipped, strict=True)]
    assert 0 < sum(whether) < len(photographs)
    for image, before, after, changed in zip(moved, photographs, flipped, whether, strict=True):
        np.testing.assert_array_equal(image, after if changed else before)


def test_images_move_the_same_where_there_is_a_gpu(photographs, plan_for, monkeypatch):
    plan = plan_for(photographs, **GEOMETRY["shifts and flips"])
    by_xla = move(photographs, plan, step_seed(0, 0, 0))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    compiled.cache_clear()
    try:
        np.testing.assert_allclose(move(photographs, plan, step_seed(0, 0, 0)), by_xla, atol=TOLERANCE)
    finally:
        compiled.cache_clear()
