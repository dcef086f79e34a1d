import keras
import numpy as np
import pytest

from recognition.training.muon import Muon
from recognition.training.optimization import FINAL_SHARE, build_optimizer, image_size, learning_rate
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


def test_a_constant_rate():
    config = recipe(schedule="constant", learning_rate=0.3)
    assert {learning_rate(config, step, 100) for step in range(100)} == {0.3}


def test_one_cycle_climbs_to_the_peak_and_falls_to_its_start():
    config = recipe(learning_rate=0.4, warmup=0.25)
    rates = [learning_rate(config, step, 400) for step in range(400)]
    assert np.argmax(rates) == 99
    assert rates[99] == pytest.approx(0.4)
    lowest = 0.4 * FINAL_SHARE
    assert rates[0] == pytest.approx(lowest + 0.38 / 100)
    assert rates[-1] == pytest.approx(lowest + 0.38 / 300)
    assert np.diff(rates[:100]) == pytest.approx(np.full(99, 0.38 / 100))
    assert np.diff(rates[100:]) == pytest.approx(np.full(299, -0.38 / 300))


@pytest.mark.parametrize("warmup", [0, 0.001, 0.2, 0.5, 0.999])
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 250])
def test_one_cycle_stays_between_its_ends_and_turns_once(warmup, steps):
    config = recipe(learning_rate=0.4, warmup=warmup)
    rates = np.array([learning_rate(config, step, steps) for step in range(steps)])
    assert rates.max() <= 0.4
    assert rates.min() >= 0.4 * FINAL_SHARE
    signs = np.sign(np.diff(rates))
    assert (np.diff(signs[signs != 0]) <= 0).all()


def test_without_warmup_the_first_step_is_the_highest():
    assert learning_rate(recipe(learning_rate=0.4, warmup=0.0), 0, 50) == pytest.approx(0.4)


def test_stable_decay_holds_and_falls_to_nothing():
    config = recipe(schedule="stable_decay", learning_rate=2.0, hold=0.5)
    rates = [learning_rate(config, step, 8) for step in range(8)]
    assert rates == pytest.approx([2, 2, 2, 2, 2, 1.5, 1, 0.5])


def test_muon_has_a_momentum_of_its_own():
    optimizer = build_optimizer(recipe(optimizer="muon", learning_rate=0.24, weight_decay=0.1), "float32")
    assert isinstance(optimizer, Muon)
    kernels, others = stepped(optimizer, gradient=0)
    assert kernels == pytest.approx([-0.024], rel=1e-3)
    assert others == [0, 0, 0]


def test_images_grow_stage_by_stage():
    config = recipe(network="fast", sizes={28: 0.6, 20: 0.25})
    assert [image_size(config, step, 8) for step in range(8)] == [20, 20, 28, 28, 28, None, None, None]
    assert image_size(recipe(), 0, 8) is None
