"""A trained network as a model that is put to use: raw images in, probabilities out."""

from __future__ import annotations

import keras

from recognition.augmentation.plan import AugmentationPlan
from recognition.augmentation.preprocessing import build_preprocessing, preprocess


def inference_model(network: keras.Model, plan: AugmentationPlan, average_mirrored: bool) -> keras.Model:
    """The network with its preprocessing in front and softmax behind; it shares the weights.

    Args:
        network: Normalized images in, logits out.
        plan: How they are normalized.
        average_mirrored: Whether the logits of an image and its mirror image are averaged, as in K. Jordan's
            cifar10-airbench.

    Returns:
        A model of built-in layers: uint8 (n, height, width, channels) in, float32 probabilities (n, classes) out.
    """
    images = keras.Input(plan.image_shape, dtype="uint8", name="images")
    if average_mirrored:
        preprocessing = build_preprocessing(plan)
        mirrored = network(preprocessing(keras.ops.flip(images, axis=2)))
        logits = keras.layers.Average(name="mean")([network(preprocessing(images)), mirrored])
    else:
        logits = network(preprocess(images, plan))
    probabilities = keras.layers.Softmax(name="probabilities")(logits)
    return keras.Model(images, probabilities, name=network.name)


def with_temperature(model: keras.Model, temperature: float) -> keras.Model:
    """A model that divides the logits by a temperature before its softmax; it shares the weights.

    Args:
        model: Of `inference_model`: its last layer is the softmax.
        temperature: Above 0; 1 leaves the model as it is.
    """
    if temperature == 1.0:
        return model
    softmax = model.layers[-1]
    logits = keras.layers.Rescaling(1 / temperature, dtype="float32", name="temperature")(softmax.input)
    return keras.Model(model.input, softmax(logits), name=model.name)
