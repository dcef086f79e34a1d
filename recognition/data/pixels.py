"""What an image's pixels say of it in a few numbers, for many images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.data.encoded_images import Images, release_pages

MOST = 2**28  # values read of one side: all of CIFAR-100, or 1,800 images of 224 pixels; more would change little
BLOCK = 2**18  # values at a time: as float64 they fit the processor's cache
LEAST = 64  # images at a time, so that all cores have some to decode

Numbers = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class PixelNumbers:
    """Numbers of the images that were looked at; pixel values are fractions of their range.

    Attributes:
        chosen: int64, (n,), which images of the side.
        means: float64, (n, channels), mean of each channel.
        variances: float64, (n, channels), variance of each channel.
        grey: bool, (n,), whether a colour image shows shades of grey only.
    """

    chosen: Numbers
    means: Values
    variances: Values
    grey: NDArray[np.bool_]

    @property
    def brightness(self) -> Values:
        """Mean of all values, float64, (n,)."""
        return np.asarray(self.means.mean(axis=1))

    @property
    def contrast(self) -> Values:
        """Standard deviation within the channels, float64, (n,): 0 for an image of one colour."""
        return np.asarray(np.sqrt(self.variances.mean(axis=1)))

    @property
    def deviations(self) -> Values:
        """Standard deviation of each channel over all pixels of all images, float64, (channels,)."""
        return np.asarray(np.sqrt(self.variances.mean(axis=0) + self.means.var(axis=0)))


def pixel_numbers(images: Images) -> PixelNumbers:
    """Go through images once, in blocks; of more than MOST values, through as many images, evenly spaced.

    Args:
        images: uint8, (n, height, width, channels), may be memory-mapped or stay encoded.
    """
    values = int(np.prod(images.shape[1:]))
    chosen = np.linspace(0, len(images) - 1, min(len(images), max(1, MOST // values))).astype(np.int64)
    size = max(1, BLOCK // values)
    parts = [
        _numbers(block[start : start + size])
        for block in _blocks(images, chosen, max(LEAST, size))
        for start in range(0, len(block), size)
    ]
    if isinstance(images, np.ndarray):
        release_pages(images)
    return PixelNumbers(chosen, *(np.concatenate(column) for column in zip(*parts, strict=True)))


def _blocks(images: Images, chosen: Numbers, size: int) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(chosen), size):
        part = chosen[start : start + size]
        is_run = part[-1] - part[0] == len(part) - 1  # a slice is not copied
        yield images[part[0] : part[-1] + 1] if is_run else images[part]


def _numbers(images: NDArray[np.uint8]) -> tuple[Values, Values, NDArray[np.bool_]]:
    """Mean and variance of each channel, and whether all channels are the same."""
    planes = np.ascontiguousarray(images.reshape(len(images), -1, images.shape[-1]).transpose(0, 2, 1))
    grey = (planes == planes[:, :1]).all(axis=(1, 2)) & (planes.shape[1] > 1)
    exact = planes.astype(np.float64)
    means = exact.mean(axis=2)
    squares = np.einsum("ncp,ncp->nc", exact, exact) / exact.shape[2]
    return means / 255, np.maximum(squares - means**2, 0) / 255**2, grey
