import pytest

from recognition.data.image_transform import ImageTransform
from recognition.prediction.classifier import Classifier

SIDE = 8
CLASSES = ("ape", "bee", "cow")


@pytest.fixture(scope="session")
def classifier():
    """A network of random weights for images of 8 x 8 pixels."""
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((SIDE, SIDE, 3), dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 64)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(len(CLASSES), activation="softmax")(x))
    return Classifier(model, CLASSES, ImageTransform(SIDE, SIDE, 3, "crop", "#ffffff"))
