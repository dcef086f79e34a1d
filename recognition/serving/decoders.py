"""Threads that decode images, so that a large one does not hold up other requests."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from recognition.data.image_transform import ImageTransform
from recognition.serving.images import Images, images_of
from recognition.serving.limits import Limits
from recognition.serving.problems import Problem

SMALL_BODY, SMALL_IMAGE = 32_768, 128 * 128  # bytes, pixels
MOST_THREADS = 4  # an image being decoded takes 10 to 14 bytes a pixel


class Decoders:
    """As many threads as there are cores, up to four; what is small is decoded at once.

    32 images of 128 x 128 pixels take some milliseconds, while a thread costs each request a fifth of the processor
    time that all of HTTP takes, and more where threads wait for each other.

    Args:
        limits: The server's.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits, self._small = limits, replace(limits, pixels=min(SMALL_IMAGE, limits.pixels))
        self._pool = ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1), "decoder")

    async def images(self, content_type: str, body: bytes, transform: ImageTransform) -> Images:
        """The images of a request, as `images_of` has them.

        Args:
            content_type: The request's header.
            body: The request's body.
            transform: How a file becomes pixels.
        """
        if len(body) <= SMALL_BODY:
            try:
                return images_of(content_type, body, transform, self._small)
            except Problem as problem:
                if not any(error.status == 413 for error in problem.errors):
                    raise
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, images_of, content_type, body, transform, self._limits)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)
