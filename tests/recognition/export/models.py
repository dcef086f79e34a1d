"""Small models with all that ours have: normalization, mirror images, a temperature."""

import numpy as np

SHAPE, CLASSES = (8, 8, 1), ("zero", "one", "two", "three")
WIDTH = 256  # weights enough for their precision to show in the size of a file
SURE = 12.0  # logits are stretched, so that a difference would show


def small_model(policy="float32", shape=SHAPE, seed=0):
    import keras

    keras.utils.set_random_seed(seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        images = keras.Input(shape, dtype="uint8", name="images")
        statistics = {"mean": [120.0] * shape[2], "variance": [5000.0] * shape[2]}
        normalize = keras.layers.Normalization(**statistics, dtype="float32")
        network = _network(shape[2])
        both = [network(normalize(keras.ops.flip(images, axis=2))), network(normalize(images))]
        x = keras.layers.Average(dtype="float32")(both)
        x = keras.layers.Rescaling(SURE, name="temperature", dtype="float32")(x)
        return keras.Model(images, keras.layers.Softmax(dtype="float32", name="probabilities")(x), name="small")
    finally:
        keras.config.set_dtype_policy(before)


def images_of(count, shape=SHAPE, seed=1):
    """Smooth pictures, as those of a camera are: uint8, (count, *shape)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 2, 2, shape[2]))
    return coarse.repeat(shape[0] // 2, axis=1).repeat(shape[1] // 2, axis=2).astype(np.uint8)


def _network(channels):
    import keras

    inputs = keras.Input((None, None, channels))
    x = keras.layers.Conv2D(16, 3, padding="same", use_bias=False)(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Activation("silu")(x)
    x = keras.layers.Conv2D(WIDTH, 3, padding="same")(x)
    x = keras.layers.GlobalMaxPooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(len(CLASSES), dtype="float32")(x), name="inside")
