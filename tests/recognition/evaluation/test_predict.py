import numpy as np
import pytest

from recognition.evaluation.predict import fitting_batch, predict

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 4, 4, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    import keras

    inputs = keras.Input((4, 4, 3), dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, keras.layers.Dense(7, activation="softmax")(x))


def by_hand(model):
    kernel, bias = model.get_weights()
    odds = np.exp(IMAGES.reshape(len(IMAGES), -1) / 255 @ kernel + bias)
    return odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("batch_size", [1, 3, 5, 10, 64])
def test_every_image_keeps_its_place(model, batch_size):
    answers = predict(model, IMAGES, batch_size)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, by_hand(model), atol=1e-5)


def test_no_images(model):
    assert predict(model, IMAGES[:0], 4).shape == (0, 7)


def test_memory_mapped_images(model, tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    np.testing.assert_array_equal(predict(model, mapped, 4), predict(model, IMAGES, 4))


def test_inference_mode():
    import keras

    dropout = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dropout(0.9)])
    np.testing.assert_array_equal(predict(dropout, IMAGES, 4), IMAGES.reshape(10, -1).astype(np.float32))


@pytest.mark.parametrize(("side", "batch"), [(8, 500), (32, 500), (64, 125), (224, 10), (4096, 1)])
def test_larger_images_go_in_smaller_batches(side, batch):
    assert fitting_batch((3, side, side, 3)) == batch


def test_without_a_size_the_batch_fits(model):
    np.testing.assert_array_equal(predict(model, IMAGES), predict(model, IMAGES, 500))
