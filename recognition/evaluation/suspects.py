"""Images whose label the model contradicts: confident learning, computed by cleanlab.

C. Northcutt, L. Jiang, I. Chuang: Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 2021.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class LabelVerdict(NamedTuple):
    """What the model thinks of each label.

    Attributes:
        quality: float32, (n,), the probability that the model gives to the label; low is suspicious.
        suspect: bool, (n,), whether the label is counted as wrong.
    """

    quality: NDArray[np.float32]
    suspect: NDArray[np.bool_]


def judge_labels(
    probabilities: NDArray[np.float32], labels: NDArray[np.integer], predicted: NDArray[np.integer]
) -> LabelVerdict:
    """Find the labels that are probably wrong.

    Confident learning estimates how many labels are wrong: those that lie where the model is as sure of another class
    as it usually is of that class's own images. As many images of the lowest quality are suspects, unless the model
    predicts the very label. Among planted wrong labels that finds more than cleanlab's other filters do, at the same
    number of suspects. A weak model suspects many labels that are right.

    Args:
        probabilities: float32, (n, classes), by a model that has not seen these images.
        labels: Integers, (n,), as given.
        predicted: Integers, (n,), the most probable classes.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    probabilities = np.minimum(probabilities, 1) if probabilities.max() > 1 else probabilities  # rounding of a softmax
    quality = get_label_quality_scores(labels, probabilities, method="self_confidence")
    if (labels == labels[0]).all():  # there is no other class that a label could have come from
        return LabelVerdict(quality.astype(np.float32), np.zeros(len(labels), np.bool_))
    suspect = find_label_issues(labels, probabilities, filter_by="low_self_confidence", n_jobs=1)
    return LabelVerdict(quality.astype(np.float32), suspect & (predicted != labels))
