"""The last layer of the networks that average their features."""

from __future__ import annotations

import keras


def head(features: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    """Logits of features, by a dense layer named "head".

    Its weights start as those of Torch's linear layers, uniform and of variance 1 / (3 · features). Those of Keras
    would be several times as large, and the first loss with them.

    Args:
        features: Symbolic float tensor, (n, features).
        classes: Number of classes.

    Returns:
        Symbolic float32 tensor, (n, classes).
    """
    calm = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
    return keras.layers.Dense(classes, kernel_initializer=calm, name="head", dtype="float32")(features)
