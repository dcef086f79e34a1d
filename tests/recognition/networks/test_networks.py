import keras
import numpy as np
import pytest

from recognition.networks import NETWORKS, SMALLEST_SIZES, build_network, fast, initialize_network

each_network = pytest.mark.parametrize("name", NETWORKS)


def identity(shape):
    pixels = keras.Input(shape)
    return keras.Model(pixels, keras.layers.Rescaling(1 / 255)(pixels))


def striped_and_plain(size, images=16):
    """Noise, every second image with dark rows; the labels tell which."""
    pixels = np.random.default_rng(0).integers(100, 256, (images, size, size, 3)).astype(np.uint8)
    pixels[1::2, ::2] //= 4
    return pixels, np.arange(images) % 2


@each_network
def test_a_network_learns(name):
    size = SMALLEST_SIZES[name]
    images, labels = striped_and_plain(size)
    keras.utils.set_random_seed(0)
    network = build_network(name, (size, size, 3), 2)
    initialize_network(network, identity((size, size, 3)), images)
    inputs = images.astype(np.float32) / 255 - 0.5
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, jit_compile=False)
    history = network.fit(inputs, labels, epochs=8, batch_size=16, verbose=0).history["loss"]
    assert history[0] == pytest.approx(np.log(2), abs=0.5)
    assert history[-1] < 0.85 * history[0]


@each_network
def test_the_smallest_size_is_enough(name):
    size = SMALLEST_SIZES[name]
    assert build_network(name, (size, size, 1), 10).output_shape == (None, 10)


@each_network
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_logits_are_float32_under_mixed_precision(name, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        network = build_network(name, (32, 32, 3), 10)
    finally:
        keras.config.set_dtype_policy(before)
    assert network.output.dtype == "float32"
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {layer.compute_dtype for layer in convolutions} == {policy.removeprefix("mixed_")}
    assert {layer.variable_dtype for layer in convolutions} == {"float32"}


@each_network
def test_a_network_has_the_name_it_is_asked_for_by(name):
    assert build_network(name, (32, 32, 3), 2).name == name


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="'resnet'; expected one of deck, fast"):
        build_network("resnet", (32, 32, 3), 10)


def test_only_fast_networks_are_initialized_from_images():
    images = np.random.default_rng(0).integers(0, 256, (8, 22, 22, 3), dtype=np.uint8)
    for name, changed in (("deck", False), ("fast", True), ("fast_large", True)):
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
