import numpy as np
import pytest

from recognition.data.image_transform import ImageTransform
from recognition.prediction.classifier import Classifier
from recognition.serving.engine import Engine, ModelCard


@pytest.fixture(scope="module")
def classifier():
    import keras

    keras.utils.set_random_seed(0)
    images = keras.Input((4, 4, 3), dtype="uint8")
    logits = keras.layers.Dense(5)(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images)))
    model = keras.Model(images, keras.layers.Softmax()(logits))
    return Classifier(model, tuple("abcde"), ImageTransform(4, 4, 3, "crop", "#ffffff"))


@pytest.fixture(scope="module")
def engine(classifier):
    card = ModelCard(
        name="tiny",
        version="1",
        sha256="",
        data_digest="",
        temperature=None,
        image_shape=(4, 4, 3),
        classes=classifier.classes,
        rejection=None,
    )
    return Engine(classifier, card, largest=6)


@pytest.mark.parametrize("count", [1, 5, 6, 7, 20])
def test_any_number_of_images_gets_what_the_model_says(classifier, engine, count):
    pixels = np.random.default_rng(count).integers(0, 256, (count, 4, 4, 3), np.uint8)
    found = engine.probabilities(pixels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, classifier.model(pixels, training=False), rtol=1e-5)


def test_nothing_is_traced_once_it_is_warm(engine):
    engine.warm_up()
    traced = engine._forward.experimental_get_tracing_count()
    for count in range(1, 14):
        engine.probabilities(np.zeros((count, 4, 4, 3), np.uint8))
    assert engine._forward.experimental_get_tracing_count() == traced == 1
