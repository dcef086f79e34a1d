import keras
import numpy as np
import pytest

from recognition.training.muon import Muon
from recognition.training.optimization import build_optimizer
from tests.recognition.training.samples import recipe

CLASSES = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
each_optimizer = pytest.mark.parametrize("name", CLASSES)


def stepped(optimizer, gradient):
    """How one step of one gradient everywhere changes kernels, and how it changes all else."""
    inputs = keras.Input((4,))
    norm = keras.layers.BatchNormalization(gamma_initializer="ones", beta_initializer="ones")
    dense = keras.layers.Dense(3, bias_initializer="ones", kernel_initializer="ones")
    network = keras.Model(inputs, norm(dense(inputs)))
    optimizer.build(network.trainable_variables)
    scale = float(optimizer.scale_loss(1.0))
    gradients = [np.full(variable.shape, gradient * scale, np.float32) for variable in network.trainable_variables]
    optimizer.apply([keras.ops.convert_to_tensor(each) for each in gradients], network.trainable_variables)
    kernels = [float(v.numpy().flat[0]) - 1 for v in network.trainable_variables if v.name == "kernel"]
    others = [float(v.numpy().flat[0]) - 1 for v in network.trainable_variables if v.name != "kernel"]
    assert (len(kernels), len(others)) == (1, 3)
    return kernels, others


@each_optimizer
def test_the_recipe_names_the_optimizer(name):
    optimizer = build_optimizer(recipe(optimizer=name, learning_rate=0.3), "float32")
    assert type(optimizer) is CLASSES[name]
    assert float(optimizer.learning_rate.numpy()) == pytest.approx(0.3)


@each_optimizer
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_weight_decay_spares_norms_and_biases(name, precision):
    config = recipe(optimizer=name, learning_rate=0.5, weight_decay=0.01)
    kernels, others = stepped(build_optimizer(config, precision), gradient=0)
    assert kernels == pytest.approx([-0.005], rel=1e-3)
    assert others == pytest.approx([0, 0, 0], abs=1e-7)


@each_optimizer
def test_nothing_decays_where_the_recipe_says_none(name):
    kernels, others = stepped(build_optimizer(recipe(optimizer=name), "float32"), gradient=0)
    assert kernels + others == pytest.approx([0] * 4, abs=1e-7)


@each_optimizer
def test_a_step_follows_the_gradient(name):
    kernels, others = stepped(build_optimizer(recipe(optimizer=name, learning_rate=0.01), "float32"), gradient=1)
    assert max(kernels + others) < -0.005


@pytest.mark.parametrize(("momentum", "expected", "nesterov"), [(None, 0.9, True), (0.5, 0.5, True), (0.0, 0, False)])
def test_momentum(momentum, expected, nesterov):
    optimizer = build_optimizer(recipe(momentum=momentum), "float32")
    assert (optimizer.momentum, optimizer.nesterov) == (expected, nesterov)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_only_float16_scales_the_loss(precision):
    assert float(build_optimizer(recipe(), precision).scale_loss(1.0)) == 1
    scaling = build_optimizer(recipe(learning_rate=0.3), "mixed_float16")
    assert isinstance(scaling, keras.optimizers.LossScaleOptimizer)
    assert float(scaling.learning_rate.numpy()) == pytest.approx(0.3)


def test_the_loss_scale_does_not_change_a_step():
    config = recipe(momentum=0.0, learning_rate=0.1)
    plain, scaled = (stepped(build_optimizer(config, policy), 0.25) for policy in ("float32", "mixed_float16"))
    assert plain[0] + plain[1] == pytest.approx([-0.025] * 4, rel=1e-4)
    assert scaled[0] + scaled[1] == pytest.approx([-0.025] * 4, rel=1e-4)


def test_muon_has_a_momentum_of_its_own():
    optimizer = build_optimizer(recipe(optimizer="muon", learning_rate=0.24, weight_decay=0.1), "float32")
    assert isinstance(optimizer, Muon)
    kernels, others = stepped(optimizer, gradient=0)
    assert kernels == pytest.approx([-0.024], rel=1e-3)
    assert others == [0, 0, 0]


@pytest.mark.parametrize("name", ["sgd", "adam", "muon"])
def test_layers_can_learn_at_rates_of_their_own(name):
    inputs = keras.Input((8, 8, 3))
    layers = [keras.layers.Conv2D(4, 3, use_bias=False), keras.layers.Conv2D(4, 3, use_bias=False)]
    network = keras.Model(inputs, layers[1](layers[0](inputs)))
    start, gradient = network.get_weights(), np.random.default_rng(0).normal(size=(3, 3, 4, 4)).astype(np.float32)

    def moves(factors):
        network.set_weights(start)
        optimizer = build_optimizer(recipe(optimizer=name, learning_rate=0.1), "float32", factors)
        optimizer.build(network.trainable_variables)
        gradients = [
            keras.ops.convert_to_tensor(gradient[:, :, : each.shape[2]]) for each in network.trainable_variables
        ]
        optimizer.apply(gradients, network.trainable_variables)
        return [new - old for new, old in zip(network.get_weights(), start, strict=True)]

    whole, half, none = moves([1, 1]), moves([1, 0.5]), moves([1, 0])
    np.testing.assert_allclose(whole[0], half[0], rtol=1e-5)
    assert np.abs(whole[1]).max() > 0
    np.testing.assert_allclose(half[1] - none[1], (whole[1] - none[1]) / 2, rtol=1e-3, atol=1e-6)
