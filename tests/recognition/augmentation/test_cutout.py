import numpy as np
import pytest
from scipy.stats import chisquare

from recognition.augmentation.cutout import cutout
from recognition.augmentation.transform import step_seed


def erased_pixels(plan, number, shape):
    ones = np.ones((number, *shape), np.float32)
    return cutout(ones, plan, step_seed(0, 0, 0)).numpy()[..., 0] == 0


@pytest.mark.parametrize("share", [0.25, 0.3, 0.01])
def test_each_image_loses_one_square_whose_middle_is_anywhere(plan_for, share):
    shape = (12, 20, 1)
    plan = plan_for(np.zeros((2, *shape), np.uint8), cutout=share)
    side = plan.cutout_side
    masks = {}
    for row, column in np.ndindex(12, 20):
        mask = np.zeros((12, 20), bool)
        top, left = row - side // 2, column - side // 2
        mask[max(0, top) : top + side, max(0, left) : left + side] = True
        masks.setdefault(mask.tobytes(), []).append((row, column))
    assert all(len(places) == 1 for places in masks.values())
    counts = np.zeros((12, 20))
    for mask in erased_pixels(plan, 240 * 20, shape):
        counts[masks[mask.tobytes()][0]] += 1
    assert chisquare(counts.ravel()).pvalue > 0.001


@pytest.mark.parametrize(("share", "side"), [(0.5, 6), (0.3, 4), (0.001, 1), (0.99, 12)])
def test_the_side_is_a_share_of_the_shorter_side_in_whole_pixels(plan_for, share, side):
    for shape in ((12, 20, 1), (20, 12, 1)):
        plan = plan_for(np.zeros((2, *shape), np.uint8), cutout=share)
        assert plan.cutout_side == side
        assert erased_pixels(plan, 500, shape).sum(axis=(1, 2)).max() == side**2


def test_what_is_erased_is_black(photographs, plan_for):
    plan = plan_for(photographs, cutout=0.5, samplewise_center=True)
    left = cutout(photographs.astype(np.float32), plan, step_seed(0, 0, 0)).numpy()
    changed = left != photographs
    assert 0.1 < changed.mean() < 0.25
    assert np.all(left[changed] == 0)


def test_with_featurewise_center_it_is_the_training_mean(photographs, plan_for):
    plan = plan_for(photographs, cutout=0.5, featurewise_center=True)
    left = cutout(np.full((50, 32, 32, 3), -1, np.float32), plan, step_seed(0, 0, 0)).numpy()
    erased = left[..., 0] >= 0
    np.testing.assert_allclose(left[erased], np.tile(photographs.mean(axis=(0, 1, 2)), (erased.sum(), 1)), rtol=1e-4)
