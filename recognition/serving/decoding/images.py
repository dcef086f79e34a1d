"""From a request's files to the pixels that a network sees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognition.data.image_structure import announced_pixels
from recognition.data.image_transform import (
    ImageTransform,
    TooManyPixelsError,
    UnknownKindError,
    UnreadableImageError,
)
from recognition.serving.decoding.uploads import Upload
from recognition.serving.problems import FileProblem, Problem, busy


class Images(NamedTuple):
    """The images of a request.

    Attributes:
        names: Of the files.
        pixels: uint8, (n, height, width, channels).
    """

    names: tuple[str, ...]
    pixels: NDArray[np.uint8]


def images_of(uploads: list[Upload], transform: ImageTransform, most: int) -> Images:
    """Decode a request's files.

    Args:
        uploads: The files.
        transform: How a file becomes pixels.
        most: Pixels of all images together, before they are resized.

    Raises:
        Problem: 413 for an image of too many pixels, alone or together with those before it, 415 for a file that is no
            image of a known kind, 422 for a damaged one or where several files have different problems, 503 where
            memory runs out.
    """
    pixels = np.empty((len(uploads), *transform.shape), np.uint8)
    problems, room = [], most
    for index, upload in enumerate(uploads):
        try:
            pixels[index] = transform.decode(upload.content, room).pixels
        except UnreadableImageError as error:
            problems.append(_problem(index, upload, error, f"; {most:,} for all images of a request" * (room < most)))
        except MemoryError:
            raise busy("there is not enough memory to decode the image") from None
        room = max(0, room - announced_pixels(upload.content))  # of a damaged image too, which took its time
    if problems:
        raise _refusal(problems, len(uploads))
    return Images(tuple(upload.name for upload in uploads), pixels)


def _problem(index: int, upload: Upload, error: UnreadableImageError, limit: str) -> FileProblem:
    kinds = {TooManyPixelsError: 413, UnknownKindError: 415}
    detail = f"{error}{limit}" if isinstance(error, TooManyPixelsError) else str(error)
    return FileProblem(index=index, file=upload.name, status=kinds.get(type(error), 422), detail=detail)


def _refusal(problems: list[FileProblem], files: int) -> Problem:
    statuses = {problem.status for problem in problems}
    status = statuses.pop() if len(statuses) == 1 else 422
    if files == 1:
        return Problem(status, problems[0].detail, problems)
    return Problem(status, f"{len(problems)} of {files} files cannot be used; none was classified", problems)
