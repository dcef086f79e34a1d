"""From a request's body to the pixels that a network sees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognition.data.image_transform import (
    ImageTransform,
    TooManyPixelsError,
    UnknownKindError,
    UnreadableImageError,
)
from recognition.serving.limits import Limits
from recognition.serving.problems import FileProblem, Problem, busy
from recognition.serving.uploads import Upload, uploads_of


class Images(NamedTuple):
    """The images of a request.

    Attributes:
        names: Of the files.
        pixels: uint8, (n, height, width, channels).
    """

    names: tuple[str, ...]
    pixels: NDArray[np.uint8]


def images_of(content_type: str, body: bytes, transform: ImageTransform, limits: Limits) -> Images:
    """Take a request's body apart and decode its files.

    Args:
        content_type: The request's header.
        body: The request's body.
        transform: How a file becomes pixels.
        limits: The server's.

    Raises:
        Problem: As of `uploads_of`; 413 for an image of too many pixels, 415 for a file that is no image of a known
            kind, 422 for a damaged one or where several files have different problems, 503 where memory runs out.
    """
    uploads = uploads_of(content_type, body, limits.files)
    pixels = np.empty((len(uploads), *transform.shape), np.uint8)
    problems = []
    for index, upload in enumerate(uploads):
        try:
            pixels[index] = transform.decode(upload.content, limits.pixels).pixels
        except UnreadableImageError as error:
            problems.append(_problem(index, upload, error))
        except MemoryError:
            raise busy("there is not enough memory to decode the image") from None
    if problems:
        raise _refusal(problems, len(uploads))
    return Images(tuple(upload.name for upload in uploads), pixels)


def _problem(index: int, upload: Upload, error: UnreadableImageError) -> FileProblem:
    kinds = {TooManyPixelsError: 413, UnknownKindError: 415}
    return FileProblem(index=index, file=upload.name, status=kinds.get(type(error), 422), detail=str(error))


def _refusal(problems: list[FileProblem], files: int) -> Problem:
    statuses = {problem.status for problem in problems}
    status = statuses.pop() if len(statuses) == 1 else 422
    if files == 1:
        return Problem(status, problems[0].detail, problems)
    return Problem(status, f"{len(problems)} of {files} files cannot be used; none was classified", problems)
