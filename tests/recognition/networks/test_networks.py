import re
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest

from recognition.networks import (
    ANY_SIZE,
    NETWORKS,
    SMALLEST_SIZES,
    WITHOUT_BATCH_NORM,
    build_network,
    fast,
    head_of,
    initialize_network,
)
from recognition.training.model_file import load_model

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "networks.md"
LIGHT = ("deck", "fast", "fast_large", "resnet18", "wide_resnet16_4", "mobilenet_v3_small")  # to build
QUICK = ("fast", "deck", "wide_resnet16_4", "mobilenet_v3_small")  # to train


def others(names):
    """Networks as parameters of tests, but for some."""
    return [pytest.param(name, marks=pytest.mark.exhaustive) for name in NETWORKS if name not in names]


each_network = pytest.mark.parametrize("name", [*LIGHT, *others(LIGHT)])


@cache
def built(name):
    """A network of 100 classes that no test changes."""
    size = max(32, SMALLEST_SIZES[name])
    return build_network(name, (size, size, 3), 100)


def identity(shape):
    pixels = keras.Input(shape)
    return keras.Model(pixels, keras.layers.Rescaling(1 / 255)(pixels))


def striped_and_plain(size, images=16):
    """Noise, every second image with dark rows; the labels tell which."""
    pixels = np.random.default_rng(0).integers(100, 256, (images, size, size, 3)).astype(np.uint8)
    pixels[1::2, ::2] //= 4
    return pixels, np.arange(images) % 2


@pytest.mark.parametrize(
    "name", [QUICK[0], *(pytest.param(name, marks=pytest.mark.slow) for name in QUICK[1:]), *others(QUICK)]
)
def test_a_network_learns(name):
    size = SMALLEST_SIZES[name]
    images, labels = striped_and_plain(size)
    keras.utils.set_random_seed(0)
    network = build_network(name, (size, size, 3), 2)
    initialize_network(network, identity((size, size, 3)), images)
    inputs = images.astype(np.float32) / 255 - 0.5
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer=keras.optimizers.Adam(3e-4), loss=loss, run_eagerly=True)
    history = network.fit(inputs, labels, epochs=8, batch_size=16, verbose=0).history["loss"]
    assert history[0] == pytest.approx(np.log(2), abs=0.5)
    assert history[-1] < 0.85 * history[0]


@each_network
def test_the_smallest_size_is_enough_and_safe_mode_loads_it(name, tmp_path):
    size = SMALLEST_SIZES[name]
    network = build_network(name, (size, size, 1), 10)
    images = np.random.default_rng(0).random((2, size, size, 1), np.float32)
    answers = network(images)
    assert network.output_shape == (None, 10)
    assert answers.shape == (2, 10)
    network.save(tmp_path / "network.keras")
    np.testing.assert_array_equal(load_model(tmp_path / "network.keras")(images), answers)


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("fast", "mixed_bfloat16"),
        *((name, "mixed_float16") for name in LIGHT),
        *(pytest.param(*each.values, "mixed_float16", marks=each.marks) for each in others(LIGHT)),
    ],
)
def test_logits_are_float32_under_mixed_precision(name, policy):
    before = keras.config.dtype_policy()
    size = SMALLEST_SIZES[name]
    keras.config.set_dtype_policy(policy)
    try:
        network = build_network(name, (size, size, 3), 10)
    finally:
        keras.config.set_dtype_policy(before)
    assert network.output.dtype == "float32"
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {layer.compute_dtype for layer in convolutions} == {policy.removeprefix("mixed_")}
    assert {layer.variable_dtype for layer in convolutions} == {"float32"}


@each_network
def test_a_network_has_the_name_it_is_asked_for_by(name):
    assert built(name).name == name


@each_network
def test_the_head_makes_the_logits(name):
    head = head_of(built(name))
    assert head.units == 100
    assert head is built(name).get_layer("logits" if name == "deck" else "head")


@each_network
def test_networks_without_batch_normalization_are_told(name):
    norms = [layer for layer in built(name).layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert (not norms) is (name in WITHOUT_BATCH_NORM)


def test_a_network_without_a_head_is_refused():
    with pytest.raises(ValueError, match="'headless' has no dense layer"):
        head_of(keras.Sequential([keras.layers.Flatten()], name="headless"))


@each_network
def test_the_documentation_tells_names_sizes_and_parameters(name):
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| ([\d.]+) M \|", DOCUMENTATION.read_text(), re.MULTILINE)
    assert [row[0] for row in rows] == list(NETWORKS)
    _, size, millions = rows[NETWORKS.index(name)]
    trained = built(name).trainable_weights
    assert int(size) == SMALLEST_SIZES[name]
    assert float(millions) == pytest.approx(sum(int(np.prod(weight.shape)) for weight in trained) / 1e6, abs=0.0501)


@pytest.mark.parametrize("name", ANY_SIZE)
def test_a_network_takes_images_of_other_sizes(name):
    network = build_network(name, (32, 32, 3), 2)
    for shape in ((20, 20, 3), (33, 47, 3)):
        assert network(np.zeros((1, *shape), np.float32)).shape == (1, 2)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=f"'resnet'; expected one of {', '.join(NETWORKS)}$"):
        build_network("resnet", (32, 32, 3), 10)


def test_only_fast_networks_are_initialized_from_images():
    images = np.random.default_rng(0).integers(0, 256, (8, 22, 22, 3), dtype=np.uint8)
    for name, changed in (("deck", False), ("resnet18", False), ("fast", True), ("fast_large", True)):
        network = build_network(name, (22, 22, 3), 2)
        before = network.get_weights()
        initialize_network(network, identity((22, 22, 3)), images)
        same = [np.array_equal(old, new) for old, new in zip(before, network.get_weights(), strict=True)]
        assert (not all(same)) is changed


def test_the_large_network_has_a_third_convolution_and_a_way_past_it():
    network = build_network("fast_large", (32, 32, 3), 100)
    convolutions = [layer.filters for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert convolutions == [24, *[128] * 3, *[512] * 6]
    assert sum(isinstance(layer, keras.layers.Add) for layer in network.layers) == 3
    assert network.count_params() == 12_774_176


def test_whitening_sees_preprocessed_images():
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1), dtype=np.uint8)
    ours, by_hand = (build_network("fast", (8, 8, 1), 2) for _ in range(2))
    initialize_network(ours, identity((8, 8, 1)), images)
    fast.whiten(by_hand, images.astype(np.float32) / 255)
    kernels = [network.get_layer("whitening").get_weights()[0] for network in (ours, by_hand)]
    np.testing.assert_allclose(*kernels, rtol=1e-4, atol=1e-4)
