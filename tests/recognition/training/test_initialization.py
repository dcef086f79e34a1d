import keras
import numpy as np
import pytest

from recognition.errors import InputError
from recognition.training.initialization import initialize_from
from recognition.training.weights_file import SourceWeights, read_weights

CLASSES = ("cat", "dog", "owl")


def network(channels=3, classes=3, depth=2, width=4, name="small", seed=0):
    """Layers without names of their own, a branch, a model inside, and a frozen first layer."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((8, 8, channels))
    x = keras.layers.Conv2D(width, 1, trainable=False, name="whitening")(inputs)
    x = shortcut = keras.layers.Conv2D(width, 3, padding="same")(x)
    for _ in range(depth):
        x = keras.layers.BatchNormalization()(keras.layers.Conv2D(width, 3, padding="same")(x))
    x = keras.Sequential([keras.layers.Conv2D(width, 1), keras.layers.Dropout(0.5)])(keras.layers.Add()([x, shortcut]))
    x = keras.layers.Dense(6)(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, keras.layers.Dense(classes, name="head")(x), name=name)


def inference_model(inner, mirrored=False):
    """As a training stores it: preprocessing in front, softmax behind, the network in the middle once or twice."""
    images = keras.Input(inner.input_shape[1:], dtype="uint8")
    pixels = keras.layers.Rescaling(1 / 255)(images)
    logits = inner(pixels)
    if mirrored:
        logits = keras.layers.Average()([logits, inner(keras.ops.flip(pixels, axis=2))])
    return keras.Model(images, keras.layers.Softmax()(logits), name=inner.name)


def stored(inner, folder, kind="plain"):
    path = folder / ("small.weights.h5" if kind == "weights" else "small.keras")
    if kind == "weights":
        inner.save_weights(path)
    else:
        inference_model(inner, kind == "mirrored").save(path)
    return read_weights(path)


def trained(**options):
    """Like `network`, with weights and statistics that no initialization gives."""
    inner = network(**options)
    generator = np.random.default_rng(1)
    inner.set_weights([generator.uniform(0.1, 1, weight.shape) for weight in inner.weights])
    return inner


def images(channels=3):
    return np.random.default_rng(0).random((2, 8, 8, channels)).astype(np.float32)


def features(inner):
    return keras.Model(inner.input, inner.layers[-2].output)(images(inner.input_shape[-1]))


@pytest.fixture(scope="module")
def source():
    return trained()


@pytest.mark.parametrize("kind", ["plain", "mirrored"])
def test_the_same_network_computes_the_same(kind, source, tmp_path):
    ours = network(seed=5)
    loaded = initialize_from(ours, stored(source, tmp_path, kind), CLASSES, CLASSES)
    np.testing.assert_array_equal(ours(images()), source(images()))
    assert (len(loaded.loaded), dict(loaded.skipped), loaded.new_classes) == (8, {}, ())


def test_weights_alone_make_the_same_features(source, tmp_path):
    ours = network(seed=5)
    before = ours.get_layer("head").get_weights()
    loaded = initialize_from(ours, stored(source, tmp_path, "weights"), CLASSES, None)
    np.testing.assert_array_equal(features(ours), features(source))
    np.testing.assert_array_equal(ours.get_layer("head").get_weights()[0], before[0])
    assert (loaded.kept_classes, loaded.new_classes) == ((), CLASSES)
    assert "does not name its classes" in loaded.described()


def test_unnamed_layers_are_told_apart_whatever_their_numbers(tmp_path):
    """With one channel instead of three the first layer does not fit, and files are no longer alike in order."""
    source, ours = trained(channels=1), network(seed=5)
    for kind in ("plain", "weights"):
        loaded = initialize_from(ours, stored(source, tmp_path, kind), CLASSES, None)
        assert loaded.skipped == {"whitening": "1×1×1×4 and 4 in the file, 1×1×3×4 and 4 here"}
        for mine, theirs in list(zip(ours.layers, source.layers, strict=True))[2:-1]:
            for here, there in zip(mine.get_weights(), theirs.get_weights(), strict=True):
                np.testing.assert_array_equal(here, there)


def test_layers_of_a_kind_are_left_out_where_their_number_differs(source, tmp_path):
    deeper = network(depth=3, seed=5)
    before = [layer.get_weights() for layer in deeper.layers]
    loaded = initialize_from(deeper, stored(source, tmp_path), CLASSES, CLASSES)
    assert set(loaded.loaded) == {"whitening", next(each.name for each in deeper.layers if "dense" in each.name)}
    assert set(loaded.skipped.values()) == {"no such layer, or not as many"}
    for layer, old in zip(deeper.layers, before, strict=True):
        if layer.name in loaded.skipped:
            np.testing.assert_array_equal(layer.get_weights()[0], old[0])


def test_columns_of_classes_that_stayed_are_kept_by_name(source, tmp_path):
    ours = network(classes=4, seed=5)
    classes = ("owl", "emu", "cat", "fox")
    random = ours.get_layer("head").get_weights()
    loaded = initialize_from(ours, stored(source, tmp_path), classes, CLASSES)
    assert (loaded.kept_classes, loaded.new_classes) == (("owl", "cat"), ("emu", "fox"))
    theirs, head = source.get_layer("head").get_weights(), ours.get_layer("head").get_weights()
    for here, there, old in zip(head, theirs, random, strict=True):
        np.testing.assert_array_equal(here[..., [0, 2]], there[..., [2, 0]])
        np.testing.assert_array_equal(here[..., [1, 3]], old[..., [1, 3]])


@pytest.mark.parametrize(
    ("names", "why"),
    [(None, "does not name its classes"), (("a", "b", "c"), "no class stayed"), (("cat", "dog"), "other shapes")],
)
def test_a_head_is_made_anew_where_no_column_can_be_named(names, why, source, tmp_path):
    ours = network(seed=5)
    random = ours.get_layer("head").get_weights()
    loaded = initialize_from(ours, stored(source, tmp_path), CLASSES, names)
    np.testing.assert_array_equal(ours.get_layer("head").get_weights()[0], random[0])
    assert (loaded.kept_classes, loaded.new_classes) == ((), CLASSES)
    assert f"made anew, as {why}" in loaded.head or why in loaded.head


def test_a_file_that_tells_the_order_is_read_in_it_whatever_its_names(source):
    layers = {f"other_{i}": [weight.numpy()] for i, weight in enumerate(source.weights)}
    ours = network(seed=5)
    initialize_from(ours, SourceWeights("old.h5", "", layers), CLASSES, None)
    np.testing.assert_array_equal(features(ours), features(source))


@pytest.mark.parametrize("kind", ["plain", "weights"])
def test_a_checkpoint_of_another_network_is_refused_and_nothing_is_changed(kind, source, tmp_path):
    ours = network(width=5, depth=3, name="fast", seed=5)
    before = ours.get_weights()
    with pytest.raises(InputError, match=r"another network[^$]+small\.[^$]+weights of small[^$]+weights of fast"):
        initialize_from(ours, stored(trained(width=7), tmp_path, kind), CLASSES, CLASSES)
    for here, old in zip(ours.get_weights(), before, strict=True):
        np.testing.assert_array_equal(here, old)


def test_the_remedy_names_the_network_of_the_file_where_there_is_such_a_one(tmp_path):
    weights = stored(trained(width=7, name="resnet18"), tmp_path)
    with pytest.raises(InputError, match=r"to mend: --set train\.network=resnet18, or "):
        initialize_from(network(width=5, depth=3), weights, CLASSES, CLASSES)


def test_at_most_six_lines_tell_what_happened(source, tmp_path):
    names = tuple(f"class {i}" for i in range(30))
    loaded = initialize_from(network(classes=33, depth=9), stored(source, tmp_path), (*names, *CLASSES), CLASSES)
    lines = loaded.described().splitlines()
    assert len(lines) <= 6
    assert lines[0].startswith("initial weights: 2 of 22 layers from ")
    assert lines[0].endswith("small.keras (small)")
    assert lines[1].endswith(" and 15 more")
    assert lines[2:4] == ["  head: kept for 3 of 33 classes", "  classes that stayed: cat, dog, owl"]
    assert lines[4] == "  new classes: class 0, class 1, class 2, class 3, class 4 and 25 more"


def test_a_real_network_takes_published_weights_of_the_layout_of_keras_2(tmp_path):
    """The published files cannot be had here; Keras still writes their layout."""
    from recognition.networks import build_network

    path = tmp_path / "mobilenet_v2_notop.h5"
    published = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    published.save(path)
    ours = build_network("mobilenet_v2", (32, 32, 3), 2)
    loaded = initialize_from(ours, read_weights(path), ("a", "b"), None)
    assert (len(loaded.loaded), dict(loaded.skipped)) == (104, {})
    pixels = np.random.default_rng(0).random((1, 32, 32, 3)).astype(np.float32)
    body = keras.Model(ours.input, ours.get_layer("out_relu").output)
    np.testing.assert_allclose(body(pixels), published(pixels * 2 - 1), atol=1e-5)
