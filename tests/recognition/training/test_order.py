import numpy as np
import pytest

from recognition.training.order import epoch_order


@pytest.mark.parametrize("images", [1, 2, 1000])
def test_every_image_comes_once(images):
    order = epoch_order(images, seed=3, epoch=5)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(images))


def test_the_order_depends_on_seed_and_epoch_only():
    first = epoch_order(1000, seed=1, epoch=2)
    np.random.seed(0)
    np.testing.assert_array_equal(epoch_order(1000, seed=1, epoch=2), first)


def test_each_epoch_and_each_seed_has_its_own_order():
    orders = {epoch_order(1000, seed, epoch).tobytes() for seed in range(4) for epoch in range(4)}
    assert len(orders) == 16
