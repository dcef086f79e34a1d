"""Temperature scaling: one number that makes a model's probabilities mean what they say.

C. Guo, G. Pleiss, Y. Sun, K. Weinberger: On Calibration of Modern Neural Networks, ICML 2017.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FLOOR = float(np.finfo(np.float32).tiny)  # smallest normal float32, so that no loss exceeds 87.34 nats
RANGE = (0.05, 20.0)  # far beyond what networks need; a model that knows nothing would ask for infinity
BLOCK = 8192  # images scaled at a time, which bounds the memory that a thousand classes take


def fit_temperature(probabilities: NDArray[np.float32], labels: NDArray[np.integer]) -> float:
    """The temperature that minimises the mean negative log-likelihood of held-out images.

    Probabilities stand for logits, which their logarithms equal up to a constant; those below the smallest normal
    float32 count as that number. The likelihood has one minimum, so that a bounded scalar search finds it.

    Args:
        probabilities: float32, (n, classes), the answers of the model at temperature 1.
        labels: Integers, (n,), n of 1 or more.

    Returns:
        Above 1 for an overconfident model, below 1 for an underconfident one, within RANGE. 1 where the images cannot
        tell: all of them right, which would ask for certainty, or no temperature better than 1.
    """
    from scipy.optimize import minimize_scalar

    if (probabilities.argmax(axis=1) == labels).all():
        return 1.0

    def loss(log_temperature: float) -> float:
        return _mean_loss(probabilities, labels, float(np.exp(log_temperature)))

    found = minimize_scalar(loss, bounds=tuple(np.log(RANGE)), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x)) if found.fun < loss(0.0) else 1.0


def rescale(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """What a model would answer if its logits were divided by a temperature: p^(1 / temperature), normalised.

    Args:
        probabilities: float32, (n, classes), of which each row has one above 0; one of 0 stays 0.
        temperature: Above 0; the reciprocal of a temperature undoes it, up to rounding.

    Returns:
        float32, (n, classes), each row summing to 1.
    """
    scaled = np.empty_like(probabilities)
    for start in range(0, len(probabilities), BLOCK):
        scaled[start : start + BLOCK] = np.exp(_log_scaled(probabilities[start : start + BLOCK], temperature, 0.0))
    return scaled


def _mean_loss(probabilities: NDArray[np.float32], labels: NDArray[np.integer], temperature: float) -> float:
    total = 0.0
    for start in range(0, len(labels), BLOCK):
        true = labels[start : start + BLOCK]
        logs = _log_scaled(probabilities[start : start + BLOCK], temperature, FLOOR)
        total -= float(logs[np.arange(len(true)), true].sum())
    return total / len(labels)


def _log_scaled(probabilities: NDArray[np.float32], temperature: float, floor: float) -> NDArray[np.float64]:
    """Logarithms of the rescaled probabilities; relative to each row's largest, so that nothing overflows."""
    with np.errstate(divide="ignore"):  # the logarithm of 0 is minus infinity, and its exponential 0 again
        logs = np.log(np.maximum(probabilities, floor, dtype=np.float64)) / temperature
    logs -= logs.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    return logs
