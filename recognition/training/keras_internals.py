"""What we call of Keras under a name that begins with an underscore; its test fails where Keras changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def variable_index(optimizer: keras.Optimizer, variable: Any) -> int:
    """Which of the variables that an optimizer was built with an `update_step` is about.

    Keras' own example of an optimizer asks so. Identity would not do: under a distribution strategy, `update_step` gets
    one device's copy of the variable.

    Args:
        optimizer: Built.
        variable: What Keras gave its `update_step`.
    """
    index: int = optimizer._get_variable_index(variable)
    return index
