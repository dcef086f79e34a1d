import numpy as np
import pytest

from recognition.training.order import balanced_order, epoch_order

LABELS = np.random.default_rng(0).choice([0, 1, 2, 4], 1000, p=[0.6, 0.3, 0.09, 0.01]).astype(np.int32)
samplings = pytest.mark.parametrize("sampling", ["shuffled", "balanced"])


@pytest.mark.parametrize("images", [1, 2, 1000])
def test_every_image_comes_once(images):
    order = epoch_order(np.zeros(images, np.int32), "shuffled", seed=3, epoch=5)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(images))


@samplings
def test_the_order_depends_on_its_arguments_only(sampling):
    first = epoch_order(LABELS, sampling, seed=1, epoch=2)
    np.random.seed(0)
    np.testing.assert_array_equal(epoch_order(LABELS, sampling, seed=1, epoch=2), first)


@samplings
def test_each_epoch_and_each_seed_has_its_own_order(sampling):
    orders = {epoch_order(LABELS, sampling, seed, epoch).tobytes() for seed in range(4) for epoch in range(4)}
    assert len(orders) == 16


@pytest.mark.parametrize("images", [1, 3, 10, 1000])
@pytest.mark.parametrize("epoch", [0, 1, 6])
def test_each_class_comes_equally_often(images, epoch):
    labels = LABELS[:images]
    order = balanced_order(labels, 0, epoch)
    assert (order.dtype, order.shape) == (np.int64, (images,))
    counts = np.bincount(labels[order], minlength=5)
    present = np.unique(labels)
    assert np.ptp(counts[present]) <= 1
    assert counts.sum() == counts[present].sum()


def test_the_odd_draws_go_round():
    labels = np.repeat(np.arange(4), [5, 3, 1, 1]).astype(np.int32)  # 10 draws among 4 classes
    counts = sum(np.bincount(labels[balanced_order(labels, 0, epoch)]) for epoch in range(2))
    assert counts.tolist() == [5, 5, 5, 5]


@pytest.mark.parametrize("epochs", [1, 2, 5])
def test_no_image_comes_again_before_all_others_of_its_class(epochs):
    drawn = np.concatenate([balanced_order(LABELS, 3, epoch) for epoch in range(epochs)])
    for label in np.unique(LABELS):
        times = np.bincount(drawn, minlength=1000)[label == LABELS]
        assert np.ptp(times) <= 1


def test_classes_are_mixed():
    labels = np.repeat([0, 1], [900, 100]).astype(np.int32)
    drawn = labels[balanced_order(labels, 0, 0)]
    assert 0.4 < np.mean(drawn[:-1] != drawn[1:]) < 0.6
