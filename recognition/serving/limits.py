"""What a server takes on: everything beyond is refused, so that memory stays bounded and answers stay quick."""

from __future__ import annotations

from dataclasses import dataclass

from recognition.data.image_transform import PIXEL_LIMIT
from recognition.errors import InputError

MEBIBYTE, MILLION = 2**20, 1_000_000
BODIES = 16  # of the largest size, that may be in memory at a time


@dataclass(frozen=True)
class Limits:
    """Limits of one server.

    Attributes:
        body: Bytes of a request.
        pixels: Of an image before it is resized.
        files: Images a request.
        seconds: From a request's first byte to its answer.
        queue: Requests in flight, and images that wait for the model.
        batch: Images that the model gets at a time; None for what suits their size.

    Raises:
        InputError: If a request of `files` images would never fit the queue, or images of so many pixels are never
            decoded.
    """

    body: int = 16 * MEBIBYTE
    pixels: int = 50 * MILLION
    files: int = 32
    seconds: float = 20.0
    queue: int = 256
    batch: int | None = None

    def __post_init__(self) -> None:
        if self.files > self.queue:
            raise InputError(
                "a request may hold more images than may wait for the model",
                received=f"--max-files {self.files}, --queue {self.queue}",
                expected="a queue of at least as many images as a request may hold",
                remedy=f"--queue {self.files}, or fewer files",
            )
        if self.pixels > PIXEL_LIMIT:
            raise InputError(
                "images so large are never decoded",
                received=f"--max-megapixels {self.pixels / MILLION:g}",
                expected=f"{PIXEL_LIMIT // MILLION} or fewer",
            )

    @property
    def bodies(self) -> int:
        """Bytes of all requests together, while they are read and decoded."""
        return BODIES * self.body
