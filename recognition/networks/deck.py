"""The network of the 2018 slide deck "Image recognition task", layer for layer.

Three pairs of 3×3 convolutions with ELU (the first of each pair padded "same", the second "valid"), each followed by
2×2 pooling and dropout 0.25; then a dense layer of 1,024, dropout 0.5 and the logits. For 32×32 RGB images and 100
classes it has 6,777,060 parameters.
"""

from __future__ import annotations

import keras


def build(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Build the network.

    Args:
        input_shape: Height, width and channels; height and width of at least 22, as each pair takes
            two pixels and halves the rest: 22, 20, 10, 8, 4, 2, 1.
        classes: Number of classes.

    Returns:
        An untrained model: float (n, *input_shape) in, logits (n, classes) out.
    """
    inputs = keras.Input(input_shape)
    x = inputs
    for width in (128, 256, 512):
        x = keras.layers.Conv2D(width, 3, padding="same", activation="elu")(x)
        x = keras.layers.Conv2D(width, 3, padding="valid", activation="elu")(x)
        x = keras.layers.MaxPooling2D()(x)
        x = keras.layers.Dropout(0.25)(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(1024, activation="elu")(x)
    x = keras.layers.Dropout(0.5)(x)
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits", dtype="float32")(x), name="deck")
