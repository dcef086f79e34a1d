"""Predictions for any number of images, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from recognition.evaluation.predict import compiled, fitting_batch
from recognition.prediction.answers import Answer, answers_of
from recognition.prediction.classifier import Classifier
from recognition.prediction.decode_stream import DecodedImages, decode_stream
from recognition.prediction.named_image import NamedImage

PARTS = 16  # of a batch, each decoded by one thread


class Prediction(NamedTuple):
    """What became of an image.

    Attributes:
        path: What the image is called.
        answer: The model's; None where the image cannot be read.
        error: Why it cannot be read; empty where it can.
    """

    path: str
    answer: Answer | None
    error: str = ""


def predict_stream(
    classifier: Classifier, images: Iterable[NamedImage], top: int = 5, batch_size: int | None = None
) -> Iterator[list[Prediction]]:
    """Predict images in their order; no more than two batches are decoded at a time.

    Args:
        classifier: What answers.
        images: Consumed as fast as they are predicted.
        top: How many of the most probable classes an answer names.
        batch_size: Images that the model gets at a time, at most; None for `fitting_batch`.

    Yields:
        The predictions of a batch.
    """
    size = batch_size or fitting_batch(classifier.transform.shape)
    chunk = max(1, size // PARTS)
    forward = compiled(classifier.model, (None, *classifier.transform.shape))
    chunks = decode_stream(images, classifier.transform, chunk, ahead=2 * (size // chunk))
    while batch := list(islice(chunks, size // chunk)):
        yield _predict(classifier, forward, batch, top)


def _predict(classifier: Classifier, forward: Any, batch: Sequence[DecodedImages], top: int) -> list[Prediction]:
    pixels = np.concatenate([part.pixels for part in batch])
    answers: Iterator[Answer] = iter(())
    if len(pixels):
        answers = iter(answers_of(forward(pixels).numpy(), classifier.classes, top, classifier.rejection))
    named = [(name, problem) for part in batch for name, problem in zip(part.names, part.problems, strict=True)]
    return [Prediction(name, None if problem else next(answers), problem) for name, problem in named]
