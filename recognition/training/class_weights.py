"""How much an image of each class counts in the training loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.configuration.nearest import nearest
from recognition.data.listing import printable, some
from recognition.errors import InputError

Setting = str | dict[str, float]


def class_weights(setting: Setting, counts: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.float32]:
    """The weight of each class.

    "balanced" is inversely proportional to the number of images, as scikit-learn's `compute_class_weight` has it:
    n / (k · count) for n images of k classes; "sqrt" is its square root. Both are 1 in the mean over the training
    images, so that the learning rate keeps its meaning; weights by name are taken as they are, and classes that are not
    named count as 1, as classes without images do.

    Args:
        setting: "none", "balanced", "sqrt", or weights of 0 and more by class name.
        counts: int64, (classes,), training images of each class.
        names: Class names by index.

    Returns:
        float32, (classes,).
    """
    if isinstance(setting, dict):
        return np.array([setting.get(name, 1.0) for name in names], np.float32)
    weights, present = np.ones(len(counts)), counts > 0
    if setting != "none":
        weights[present] = (1 / counts[present]) ** (0.5 if setting == "sqrt" else 1)
        weights[present] *= counts.sum() / (weights @ counts)
    return weights.astype(np.float32)


def check_class_weights(setting: Setting, names: Sequence[str]) -> None:
    """Check that weights are of classes that there are.

    Args:
        setting: As for `class_weights`.
        names: Class names by index.

    Raises:
        InputError: If a weight is of no class.
    """
    unknown = [name for name in setting if name not in names] if isinstance(setting, dict) else []
    if unknown:
        near = nearest(unknown[0], names)
        raise InputError(
            "train.class_weights names a class that the data do not have",
            received=some([printable(name) for name in unknown]),
            expected=f"names of classes: {some(names)}",
            remedy=f"did you mean {near}?" if near else "",
        )


def described(weights: NDArray[np.float32], names: Sequence[str]) -> str:
    """The lightest and the heaviest class in words."""
    low, high = int(weights.argmin()), int(weights.argmax())
    return f"class weights from {weights[low]:.3g} ({names[low]}) to {weights[high]:.3g} ({names[high]})"
