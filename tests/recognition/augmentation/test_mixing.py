import numpy as np
import pytest
from scipy.stats import beta as beta_distribution
from scipy.stats import binomtest, kstest

from recognition.augmentation.mixing import beta, mix
from recognition.augmentation.transform import step_seed

SIZE = 200


def numbered(shape=(8, 12, 1)):
    """Images of one colour each, their place, and targets that say the same place."""
    images = np.broadcast_to(np.arange(SIZE, dtype=np.float32)[:, None, None, None], (SIZE, *shape))
    return images, np.eye(SIZE, dtype=np.float32)


def mixed(plan_for, step=0, **options):
    images, targets = numbered()
    plan = plan_for(images[:2].astype(np.uint8), **options)
    return [tensor.numpy() for tensor in mix(images, targets, plan, step_seed(0, 0, step))]


def partners(targets):
    """The place of each image's partner, itself where it has none."""
    others = targets * (1 - np.eye(SIZE))
    return np.where(others.max(axis=1) > 0, others.argmax(axis=1), np.arange(SIZE))


def shares_by_pixels(images, targets):
    """What is left of each image, recovered from its pixels, for those that have a partner with a share."""
    own, other = np.arange(SIZE), partners(targets)
    has = own != other
    return has, (images.mean(axis=(1, 2, 3))[has] - other[has]) / (own[has] - other[has])


@pytest.mark.parametrize("options", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.2, "cutmix": 0.7}])
def test_labels_are_mixed_exactly_as_pixels_are(plan_for, options):
    images, targets = mixed(plan_for, **options)
    has, shares = shares_by_pixels(images, targets)
    assert has.sum() > SIZE / 2
    np.testing.assert_allclose(shares, targets.diagonal()[has], atol=1e-4)
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert np.all((targets > 0).sum(axis=1) <= 2)
    assert len(np.unique(targets.diagonal())) > 20


def test_mixup_blends_whole_images(plan_for):
    images, _ = mixed(plan_for, mixup=1.0)
    np.testing.assert_allclose(images, images[:, :1, :1] * np.ones((8, 12, 1)))


def test_cutmix_pastes_one_box_of_the_partner(plan_for):
    images, targets = mixed(plan_for, cutmix=1.0)
    boxes, own = [], np.arange(SIZE)
    for image, target, place, other in zip(images[..., 0], targets, own, partners(targets), strict=True):
        assert set(np.unique(image)) <= {place, other}
        pasted = image == other if other != place else np.zeros((8, 12), bool)
        rows, columns = pasted.any(axis=1), pasted.any(axis=0)
        np.testing.assert_array_equal(pasted, rows[:, None] & columns)
        assert max(np.diff(side.astype(int), prepend=0, append=0).clip(0).sum() for side in (rows, columns)) <= 1
        assert target[place] == pytest.approx(1 - pasted.mean())
        boxes.append(pasted.tobytes())
    assert len(set(boxes)) > SIZE / 3


def test_uncut_boxes_have_the_area_and_proportions_that_were_drawn(plan_for):
    images, _ = mixed(plan_for, cutmix=100.0)  # close to one half
    rows = (images[..., 0] != np.arange(SIZE)[:, None, None]).any(axis=2).sum(axis=1)
    columns = (images[..., 0] != np.arange(SIZE)[:, None, None]).any(axis=1).sum(axis=1)
    assert rows.max() in (5, 6)
    assert columns.max() in (8, 9)


@pytest.mark.parametrize("options", [{"mixup": 100.0}, {"cutmix": 5.0}])
def test_partners_are_a_random_order_of_the_batch(plan_for, options):
    """In a random order one image in expectation keeps its place, whatever the number of images."""
    orders = [partners(mixed(plan_for, step, **options)[1]) for step in range(20)]
    if "mixup" in options:
        assert all(len(set(order)) == SIZE for order in orders)
    assert len({order.tobytes() for order in orders}) == 20
    assert 0 < np.mean([(order[:-1] + 1 == order[1:]).sum() for order in orders]) < 3


def test_with_both_each_image_gets_one_of_them_by_the_toss_of_a_coin(plan_for):
    blended = 0
    for step in range(10):
        images, targets = mixed(plan_for, step, mixup=5.0, cutmix=5.0)
        whole = np.array(
            [
                np.isin(image, (place, other)).all()
                for image, place, other in zip(images, np.arange(SIZE), partners(targets), strict=True)
            ]
        )
        blended += int((~whole).sum())
    assert binomtest(blended, 10 * (SIZE - 1), 0.5).pvalue > 0.01


@pytest.mark.parametrize("options", [{"mixup": 0.5}, {"cutmix": 0.5}, {"mixup": 0.5, "cutmix": 0.5}])
def test_an_only_image_mixes_with_itself(photographs, plan_for, options):
    image, target = photographs[:1].astype(np.float32), np.float32([[0, 1]])
    images, targets = mix(image, target, plan_for(photographs, **options), step_seed(0, 0, 0))
    np.testing.assert_allclose(images, image, rtol=1e-6)
    np.testing.assert_allclose(targets, target)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0, 100.0])
def test_shares_are_beta_distributed(alpha):
    draws = beta(alpha, 4000, step_seed(0, 0, 0)).numpy()
    assert kstest(draws, beta_distribution(alpha, alpha).cdf).pvalue > 0.01


@pytest.mark.parametrize("alpha", [1e-6, 1e-3, 0.01])
def test_shares_of_a_tiny_alpha_are_zero_or_one(alpha):
    draws = beta(alpha, 4000, step_seed(0, 0, 0)).numpy()
    assert np.isin(draws, (0, 1)).mean() > 0.5
    assert ((draws < 1e-6) | (draws > 1 - 1e-6)).mean() > 0.85
    assert abs(draws.mean() - 0.5) < 0.03
