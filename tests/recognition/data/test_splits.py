import numpy as np
import pytest

from recognition.data.splits import hold_out, limit
from recognition.errors import InputError

UNEVEN = np.random.default_rng(5).permutation(np.repeat(np.arange(4, dtype=np.int32), [2, 10, 95, 400]))


def counts(labels, indices):
    return np.bincount(labels[indices], minlength=labels.max() + 1).tolist()


def test_hold_out_is_disjoint_sorted_and_complete():
    kept, held = hold_out(UNEVEN, 0.1, 0)
    np.testing.assert_array_equal(np.sort(np.concatenate([kept, held])), np.arange(len(UNEVEN)))
    assert (np.diff(kept) > 0).all()
    assert (np.diff(held) > 0).all()
    assert kept.dtype == held.dtype == np.int64


def test_hold_out_takes_a_share_of_each_class():
    kept, held = hold_out(UNEVEN, 0.1, 0)
    assert counts(UNEVEN, held) == [1, 1, 10, 40]
    assert counts(UNEVEN, kept) == [1, 9, 85, 360]


@pytest.mark.parametrize(("share", "expected"), [(0.001, [1, 1, 1, 1]), (0.999, [1, 9, 94, 399])])
def test_every_class_stays_on_both_sides(share, expected):
    assert counts(UNEVEN, hold_out(UNEVEN, share, 0)[1]) == expected


def test_real_size_keeps_450_of_500():
    labels = np.tile(np.arange(100, dtype=np.int32), 500)
    kept, held = hold_out(labels, 0.1, 0)
    assert counts(labels, kept) == [450] * 100
    assert counts(labels, held) == [50] * 100


@pytest.mark.parametrize("draw", [lambda seed: hold_out(UNEVEN, 0.3, seed)[1], lambda seed: limit(UNEVEN, 99, seed)])
def test_the_seed_alone_decides(draw):
    np.random.seed(0)
    first = draw(3)
    np.random.seed(1)
    np.testing.assert_array_equal(first, draw(3))
    assert not np.array_equal(first, draw(4))


def test_labels_that_do_not_occur_are_no_error():
    kept, held = hold_out(np.array([0, 0, 7, 7], dtype=np.int32), 0.5, 0)
    assert len(kept) == len(held) == 2


def test_a_class_with_one_image_is_named():
    with pytest.raises(InputError, match="label 2"):
        hold_out(np.array([0, 0, 1, 1, 2], dtype=np.int32), 0.1, 0)


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_share_out_of_range(share):
    with pytest.raises(InputError, match="out of range"):
        hold_out(UNEVEN, share, 0)


def test_limit_keeps_proportions():
    chosen = limit(UNEVEN, 100, 0)
    assert len(chosen) == 100
    assert (np.diff(chosen) > 0).all()
    assert counts(UNEVEN, chosen) == [1, 2, 19, 78]


def test_limit_of_even_classes_differs_by_one_at_most():
    labels = np.repeat(np.arange(10, dtype=np.int32), 20)
    assert sorted(counts(labels, limit(labels, 73, 0))) == [7] * 7 + [8] * 3


@pytest.mark.parametrize("count", [1, 3])
def test_limit_below_the_number_of_classes_takes_different_classes(count):
    assert sorted(counts(UNEVEN, limit(UNEVEN, count, 0))) == [0] * (4 - count) + [1] * count


@pytest.mark.parametrize("count", [507, 508, 10**6])
def test_limit_of_all_or_more_is_all(count):
    np.testing.assert_array_equal(limit(UNEVEN, count, 0), np.arange(507))


def test_the_remainder_does_not_favour_the_first_classes():
    labels = np.repeat(np.arange(10, dtype=np.int32), 20)
    seen = {tuple(counts(labels, limit(labels, 5, seed))) for seed in range(20)}
    assert len(seen) > 10


def test_limit_below_one():
    with pytest.raises(InputError, match="received: 0"):
        limit(UNEVEN, 0, 0)
