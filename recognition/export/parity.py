"""Whether an exported model answers as the model that it was made from."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from recognition.errors import RecognitionError
from recognition.evaluation.predict import fitting_batch
from recognition.export.runner import Runner

CALLS, WARM_UP = 40, 5  # of each model, in turns


class Parity(BaseModel):
    """What a check found; "registered" is the model that was exported.

    Attributes:
        images: How many test images both answered for.
        tolerance: What the largest difference may be.
        largest_difference: Of a probability, over all images and classes.
        mean_difference: Mean over the images of each one's largest difference.
        agreement: Share of images for which both name the same class.
        accuracy: Share of right answers of the exported model.
        accuracy_registered: That of the registered one.
        bytes: Size of what was exported.
        bytes_registered: Size of the Keras file.
        latency_ms: Median time of one image, milliseconds, on the machine and with the packages of the export.
        latency_ms_registered: That of the registered model, measured in turns with it.
    """

    model_config = ConfigDict(frozen=True)

    images: int
    tolerance: float
    largest_difference: float
    mean_difference: float
    agreement: float
    accuracy: float
    accuracy_registered: float
    bytes: int
    bytes_registered: int
    latency_ms: float
    latency_ms_registered: float


def check_parity(
    runners: tuple[Runner, Runner],
    files: tuple[Path, Path],
    images: NDArray[np.uint8],
    labels: NDArray[np.int32],
    tolerance: float,
) -> Parity:
    """Let both models answer for the same images.

    Args:
        runners: The registered model and the exported one.
        files: Their files; one may be a folder.
        images: uint8, (n, height, width, channels), n of 1 or more.
        labels: int32, (n,), class indices.
        tolerance: What the largest difference of a probability may be.

    Raises:
        RecognitionError: If it is larger, or the exported model answers with what is no probability.
    """
    before, after = (_answers(runner, images) for runner in runners)
    differences = np.abs(before - after).max(axis=1)
    times = _latencies(runners, images)
    sizes = [size_of(file) for file in files]
    parity = Parity(
        images=len(images),
        tolerance=tolerance,
        largest_difference=float(differences.max()),
        mean_difference=float(differences.mean()),
        agreement=float((before.argmax(axis=1) == after.argmax(axis=1)).mean()),
        accuracy=float((after.argmax(axis=1) == labels).mean()),
        accuracy_registered=float((before.argmax(axis=1) == labels).mean()),
        bytes=sizes[1],
        bytes_registered=sizes[0],
        latency_ms=times[1],
        latency_ms_registered=times[0],
    )
    if not parity.largest_difference <= tolerance:  # a NaN is not
        raise RecognitionError(
            "the exported model does not answer as the registered one: nothing was kept",
            received=f"a largest difference of a probability of {parity.largest_difference:.3g} on {len(images):,} "
            f"images; {parity.agreement:.1%} of the answers agree, accuracy {parity.accuracy_registered:.2%} before "
            f"and {parity.accuracy:.2%} after",
            expected=f"{tolerance:g} at most",
            remedy="export without --quantize, or let it pass with --tolerance",
        )
    return parity


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())


def _answers(runner: Runner, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    batch = fitting_batch(images.shape)
    return np.concatenate([runner(images[start : start + batch]) for start in range(0, len(images), batch)])


def _latencies(runners: tuple[Runner, Runner], images: NDArray[np.uint8]) -> list[float]:
    """Median milliseconds of each for one image, in turns, as the machine may be busy for a while."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for call in range(WARM_UP + CALLS):
        one = images[call % len(images)][np.newaxis]
        for runner, taken in zip(runners, seconds, strict=True):
            start = time.perf_counter()
            runner(one)
            taken.append(time.perf_counter() - start)
    return [float(1000 * np.median(taken[WARM_UP:])) for taken in seconds]
