"""What a model answers, in words: the most probable classes, or none of these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognition.prediction.rejection import Rejection


class Answer(NamedTuple):
    """The answer for one image.

    Attributes:
        label: Name of the most probable class; None for "none of these".
        top: Names and probabilities of the most probable classes, most probable first.
    """

    label: str | None
    top: tuple[tuple[str, float], ...]

    @property
    def probability(self) -> float:
        """That of the most probable class."""
        return self.top[0][1]


def answers_of(
    probabilities: NDArray[np.float32], classes: Sequence[str], top: int = 5, rejection: Rejection | None = None
) -> list[Answer]:
    """Put probabilities into words.

    Args:
        probabilities: float32, (n, classes).
        classes: Names by index.
        top: How many of the most probable classes to name, 1 or more; all where there are fewer.
        rejection: Below which probability there is no answer; None for none.
    """
    threshold = rejection.threshold if rejection else 0.0
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    shares = probabilities[np.arange(len(order))[:, np.newaxis], order]
    rows = zip(order.tolist(), shares.tolist(), strict=True)
    named = [tuple((classes[i], share) for i, share in zip(*row, strict=True)) for row in rows]
    return [Answer(best[0][0] if best[0][1] >= threshold else None, best) for best in named]
