import numpy as np
import pytest
import tensorflow as tf

from recognition.augmentation.geometry import apply_transforms, draw_transforms
from recognition.augmentation.transform import augment, step_seed

MOVES = {"width_shift_range": 0.1, "height_shift_range": 0.1, "horizontal_flip": True, "vertical_flip": True}
OLD = {
    "moves": MOVES,
    "rotation": {"rotation_range": 30, **MOVES},
}
GREY = {
    "random_crop": {"random_crop": 4},
    "rand_augment": {"rand_augment": 2, "rand_augment_magnitude": 7},
    "brightness": {"brightness": 0.3},
    "contrast": {"contrast": 0.3},
    "cutout": {"cutout": 0.5},
    "mixup": {"mixup": 0.5},
    "cutmix": {"cutmix": 1.0},
}
COLOR = {**GREY, "saturation": {"saturation": 0.3}, "hue": {"hue": 0.2}}
TOGETHER = {key: value for options in (OLD["rotation"], *COLOR.values()) for key, value in options.items()}
ALL = {**OLD, **COLOR, "together": TOGETHER}
each_option = pytest.mark.parametrize("options", ALL.values(), ids=ALL)


def one_hot(number):
    return np.eye(number, dtype=np.float32)


def run(images, plan, step=0):
    return [tensor.numpy() for tensor in augment(images, one_hot(len(images)), plan, step_seed(0, 0, step))]


graphs = ("rotation", "rand_augment", "together")  # worth their tracing; eagerly, each option is run below
traced = pytest.mark.parametrize("options", [ALL[name] for name in graphs], ids=graphs)


@traced
def test_a_compiled_step_equals_an_eager_one_and_keeps_static_shapes(photographs, plan_for, options):
    plan = plan_for(photographs, **options)

    @tf.function(
        input_signature=[
            tf.TensorSpec((40, 32, 32, 3), tf.uint8),
            tf.TensorSpec((40, 40), tf.float32),
            tf.TensorSpec((), tf.int32),
        ],
        autograph=False,
    )
    def step(images, targets, number):
        images, targets = augment(images, targets, plan, step_seed(0, 0, number))
        assert (images.shape, targets.shape) == ((40, 32, 32, 3), (40, 40))
        return images, targets

    images, targets = step(photographs, one_hot(40), 3)
    eager = run(photographs, plan, 3)
    assert np.isclose(images, eager[0], atol=1e-4 * 255).mean() > 0.999  # rounding may go the other way in few pixels
    np.testing.assert_allclose(targets, eager[1], atol=1e-5)


@traced
def test_batches_may_have_any_size(photographs, plan_for, options):
    plan = plan_for(photographs, **options)
    signature = [tf.TensorSpec((None, 32, 32, 3), tf.uint8), tf.TensorSpec((None, None), tf.float32)]
    compiled = tf.function(
        lambda images, targets: augment(images, targets, plan, step_seed(0, 0, 0)),
        input_signature=signature,
        autograph=False,
    )
    for number in (1, 2, 7):
        images, targets = compiled(photographs[:number], one_hot(number))
        assert images.shape == (number, 32, 32, 3)
        np.testing.assert_allclose(tf.reduce_sum(targets, axis=1), 1, atol=1e-6)


@each_option
def test_whole_and_fractional_pixels_give_the_same(photographs, plan_for, options):
    plan = plan_for(photographs, **options)
    for whole, fractional in zip(run(photographs, plan), run(photographs.astype(np.float32), plan), strict=True):
        assert whole.dtype == fractional.dtype == np.float32
        np.testing.assert_array_equal(whole, fractional)


@each_option
def test_values_stay_within_range(photographs, plan_for, options):
    images, targets = run(photographs, plan_for(photographs, **options))
    assert images.min() >= -1e-3
    assert images.max() <= 255 + 1e-3
    assert targets.min() >= 0


@each_option
def test_equal_images_get_draws_of_their_own(photographs, plan_for, options):
    same = np.tile(photographs[5], (40, 1, 1, 1))
    same[::2] //= 2  # which mixtures need
    images, _ = run(same, plan_for(photographs, **options))
    assert len(np.unique(images, axis=0)) > 10


@pytest.mark.parametrize("shape", [(12, 20), (20, 12)])
@pytest.mark.parametrize("options", [*GREY.values(), {k: v for o in GREY.values() for k, v in o.items()}], ids=str)
def test_grey_and_oblong_images(plan_for, options, shape):
    images = np.random.default_rng(0).integers(0, 256, (9, *shape, 1), dtype=np.uint8)
    changed, targets = run(images, plan_for(images, **options))
    assert changed.shape == images.shape
    assert np.isfinite(changed).all()
    assert not np.array_equal(changed, images)
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)


@each_option
def test_a_step_is_a_stateless_function_of_seed_epoch_and_step(photographs, plan_for, options):
    plan = plan_for(photographs, **options)

    def step(*numbers):
        return augment(photographs, one_hot(40), plan, step_seed(*numbers))[0].numpy()

    first = step(7, 1, 2)
    for other in ((8, 1, 2), (7, 2, 2), (7, 1, 3), (7, 2, 1)):
        assert np.abs(step(*other) - first).max() > 10
    np.testing.assert_array_equal(step(7, 1, 2), first)


@pytest.mark.parametrize("options", [ALL[name] for name in ALL if name not in ("mixup", "cutmix", "together")], ids=str)
def test_the_draw_of_an_image_ignores_the_size_of_its_batch(photographs, plan_for, options):
    plan = plan_for(photographs, **options)
    whole, part = run(photographs, plan), run(photographs[:7], plan)
    np.testing.assert_allclose(whole[0][:7], part[0], atol=1e-3)


@pytest.mark.parametrize("options", OLD.values(), ids=OLD)
def test_moves_are_those_of_the_step_seed_whatever_else_is_on(photographs, plan_for, options):
    plan = plan_for(photographs, **options)
    moved = apply_transforms(photographs, draw_transforms(plan, 40, step_seed(0, 0, 0)), plan).numpy()
    images, targets = run(photographs, plan)
    np.testing.assert_array_equal(images, moved)
    np.testing.assert_array_equal(targets, one_hot(40))
    erased, _ = run(photographs, plan_for(photographs, cutout=0.3, **options))
    np.testing.assert_array_equal(erased[erased != 0], moved[erased != 0])


def test_crops_come_before_turns_and_squares_are_erased_last(photographs, plan_for):
    plan = plan_for(photographs, random_crop=8, rotation_range=45, brightness=0.9, cutout=0.5)
    without = plan_for(photographs, random_crop=8, rotation_range=45, brightness=0.9)
    erased, whole = run(np.maximum(photographs, 1), plan)[0], run(np.maximum(photographs, 1), without)[0]
    square = (erased == 0).all(axis=-1)
    assert np.isin(square.sum(axis=(1, 2)), [rows * columns for rows in range(17) for columns in range(17)]).all()
    np.testing.assert_array_equal(erased[~square], whole[~square])


@pytest.mark.parametrize("options", [{"mixup": 0.5}, {"cutmix": 1.0}, TOGETHER], ids=str)
def test_only_mixing_changes_targets(photographs, plan_for, options):
    mixes = plan_for(photographs, **options)
    alone = plan_for(photographs, **{key: value for key, value in options.items() if key not in ("mixup", "cutmix")})
    assert (run(photographs, mixes)[1].max(axis=1) < 1).mean() > 0.5
    np.testing.assert_array_equal(run(photographs, alone)[1], one_hot(40))


def test_smoothed_targets_are_mixed_as_they_are(photographs, plan_for):
    smooth = one_hot(40) * 0.9 + 0.1 / 40
    plan = plan_for(photographs, mixup=0.5)
    _, mixed = augment(photographs, smooth, plan, step_seed(0, 0, 0))
    np.testing.assert_allclose(mixed, run(photographs, plan)[1] * 0.9 + 0.1 / 40, atol=1e-6)


def test_step_seeds_are_distinct_pairs_of_int32():
    seeds = [step_seed(seed, epoch, step) for seed in (0, 2**31 - 1) for epoch in range(5) for step in range(5)]
    assert all(seed.dtype == tf.int32 and seed.shape == (2,) for seed in seeds)
    assert len({tuple(seed.numpy()) for seed in seeds}) == 50


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_plan_without_changes_returns_the_images_as_float32(photographs, plan_for, dtype):
    images, targets = run(photographs.astype(dtype), plan_for(photographs, featurewise_center=True))
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, photographs)
    np.testing.assert_array_equal(targets, one_hot(40))
