import numpy as np
import pytest

from recognition.evaluation.clustering import MOST_ORDERED, cluster_classes


def shares_of(pairs, classes):
    shares = np.eye(classes)
    for one, other, share in pairs:
        shares[one, other] = share
        shares[one, one] -= share
    return shares


def test_families_become_neighbours_and_their_closest_members_touch():
    families = ((0, 3, 6), (1, 4, 7), (2, 5, 8))
    pairs = [
        (a, b, 0.3 if a == family[0] else 0.1)
        for family in families
        for a, b in zip(family, family[1:] + family[:1], strict=True)
    ]
    order = cluster_classes(shares_of(pairs, 9)).tolist()
    for family in families:
        places = sorted(order.index(member) for member in family)
        assert places[2] - places[0] == 2
        assert abs(order.index(family[0]) - order.index(family[1])) == 1


def test_one_direction_is_enough():
    order = cluster_classes(shares_of([(0, 3, 0.2)], 4)).tolist()
    assert abs(order.index(0) - order.index(3)) == 1


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_a_perfect_model_keeps_the_order(classes):
    np.testing.assert_array_equal(cluster_classes(np.eye(classes)), np.arange(classes))


@pytest.mark.parametrize("classes", [2, MOST_ORDERED + 1])
def test_every_class_has_one_place_and_always_the_same(classes):
    shares = np.random.default_rng(0).dirichlet(np.ones(classes), classes)
    before = shares.copy()
    order = cluster_classes(shares)
    assert sorted(order.tolist()) == list(range(classes))
    np.testing.assert_array_equal(cluster_classes(shares), order)
    np.testing.assert_array_equal(shares, before)
