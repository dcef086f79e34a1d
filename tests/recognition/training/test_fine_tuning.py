import keras
import numpy as np
import pytest

from recognition.errors import InputError
from recognition.networks import build_network
from recognition.training.fine_tuning import depth_factors, freeze_body, require_whole_body, unfreeze
from recognition.training.initialization import Loaded

RUNNING = ("moving_mean", "moving_variance")


@pytest.fixture
def fast():
    return build_network("fast", (16, 16, 3), 5)


def loaded(**skipped):
    return Loaded("small.keras (small)", ("first",), skipped, (), ("cat",), "made anew, as nobody knows")


def test_the_head_learns_fastest_and_norms_as_fast_as_their_convolution(fast):
    factors = depth_factors(fast, 0.5)
    kinds = [variable.name for variable in fast.trainable_variables]
    assert kinds == ["kernel", "gamma", "beta"] * 6 + ["kernel"]
    assert factors == [0.5**distance for distance in (6, 5, 4, 3, 2, 1) for _ in range(3)] + [1.0]


def test_branches_side_by_side_count_alike():
    inputs = keras.Input((4, 4, 2))
    norm = keras.layers.BatchNormalization()
    long = keras.layers.Conv2D(2, 1)(keras.layers.Conv2D(2, 1)(inputs))
    short = keras.layers.Conv2D(2, 1)(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(norm(keras.layers.Add()([long, short])))
    network = keras.Model(inputs, keras.layers.Dense(2)(pooled))
    by_layer = dict(zip([id(each) for each in network.trainable_variables], depth_factors(network, 0.1), strict=True))
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert sorted(by_layer[id(layer.kernel)] for layer in convolutions) == pytest.approx([0.01, 0.1, 0.1])
    assert by_layer[id(norm.gamma)] == pytest.approx(0.1)


def test_a_decay_of_one_changes_nothing(fast):
    assert set(depth_factors(fast, 1.0)) == {1.0}


def test_only_the_head_trains_while_the_body_is_frozen(fast):
    before = [variable.path for variable in fast.trainable_variables]
    frozen = freeze_body(fast)
    assert [variable.path for variable in fast.trainable_variables] == ["head/kernel"]
    unfreeze(frozen)
    assert [variable.path for variable in fast.trainable_variables] == before
    assert not fast.get_layer("whitening").trainable


def test_frozen_norms_keep_their_statistics_and_use_them(fast):
    images = np.random.default_rng(0).normal(3, 2, (8, 16, 16, 3)).astype(np.float32)
    statistics = [each for each in fast.variables if each.name in RUNNING]
    frozen = freeze_body(fast)
    np.testing.assert_array_equal(fast(images, training=True), fast(images, training=False))
    assert {float(np.ptp(each)) for each in statistics} == {0.0}
    unfreeze(frozen)
    assert not np.allclose(fast(images, training=True), fast(images, training=False))
    assert any(float(np.ptp(each)) > 0 for each in statistics)


def test_layers_of_a_model_inside_are_frozen_too():
    inputs = keras.Input((4,))
    x = keras.Sequential([keras.layers.Dense(3), keras.layers.BatchNormalization()])(inputs)
    network = keras.Model(inputs, keras.layers.Dense(2, name="head")(x))
    frozen = freeze_body(network)
    assert [variable.path for variable in network.trainable_variables] == ["head/kernel", "head/bias"]
    unfreeze(frozen)
    assert len(network.trainable_variables) == 6
    assert depth_factors(network, 0.5) == [0.5] * 4 + [1.0] * 2


def test_one_optimizer_goes_on_when_the_rest_is_unfrozen(fast):
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build(fast.trainable_variables)
    frozen = freeze_body(fast)
    body = fast.get_layer("whitening"), fast.layers[3]
    before = [layer.get_weights()[0] for layer in body]
    optimizer.apply([np.ones(each.shape, np.float32) for each in fast.trainable_variables], fast.trainable_variables)
    for layer, old in zip(body, before, strict=True):
        np.testing.assert_array_equal(layer.get_weights()[0], old)
    unfreeze(frozen)
    optimizer.apply([np.ones(each.shape, np.float32) for each in fast.trainable_variables], fast.trainable_variables)
    assert not np.array_equal(body[1].get_weights()[0], before[1])


def test_no_random_layer_is_frozen():
    require_whole_body(loaded())
    with pytest.raises(InputError, match=r"1 layers found no weights[^$]+small\.keras[^$]+train\.freeze=false"):
        require_whole_body(loaded(second="no such layer, or not as many"))
