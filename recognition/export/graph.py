"""A model as a TensorFlow graph of single precision, which every format is made from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from recognition.training.weights_file import leaves

if TYPE_CHECKING:
    import keras

INPUT, OUTPUT = "images", "probabilities"


def is_mixed(model: keras.Model) -> bool:
    """Whether any of a model's layers computes in half precision."""
    return any(layer.compute_dtype in ("float16", "bfloat16") for layer in leaves(model))


def single_precision(model: keras.Model) -> keras.Model:
    """The model, or where it computes in half precision one with the same weights that does not.

    Half precision is for the accelerator that trained it; on a CPU it is slow, and several runtimes lack it.

    Args:
        model: Uint8 images in, probabilities out; of built-in layers.
    """
    if not is_mixed(model):
        return model
    text = json.dumps(model.get_config())
    for half in ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16"):
        text = text.replace(f'"{half}"', '"float32"')
    twin = type(model).from_config(json.loads(text))
    twin.set_weights(model.get_weights())
    return twin


def serving_function(model: keras.Model) -> Any:
    """A TensorFlow function: `images`, uint8 (n, height, width, channels), to {"probabilities": float32 (n, classes)}.

    Args:
        model: Uint8 images in, probabilities out.
    """
    import tensorflow as tf

    shape = (None, *model.input_shape[1:])
    return tf.function(
        lambda images: {OUTPUT: tf.cast(model(images, training=False), tf.float32)},
        input_signature=[tf.TensorSpec(shape, tf.uint8, name=INPUT)],
    )


def frozen_function(model: keras.Model) -> Any:
    """That function with the weights as constants inside, since converters lose what a Keras 3 model captures."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    return convert_variables_to_constants_v2(serving_function(model).get_concrete_function())
