"""A data set in numbers: small enough to travel with a model, enough to tell whether later data are like it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

SHADES = 50  # bins of brightness, from 0 to 1
CONTRASTS = 50  # bins of contrast, from 0 to 0.5, which a standard deviation cannot exceed


class SizeSummary(BaseModel):
    """Sizes of image files before they were resized, pixels.

    Attributes:
        heights: Smallest, median and largest.
        widths: Smallest, median and largest.
        enlarged: How many images were smaller than what the network sees, in height or in width.
    """

    model_config = ConfigDict(frozen=True)

    heights: tuple[int, int, int]
    widths: tuple[int, int, int]
    enlarged: int


class SideSummary(BaseModel):
    """One side of a data set. Pixel values are fractions of their range.

    Attributes:
        images: Number of images.
        counts: Images of each class, in the order of `DataSummary.classes`.
        sampled: Number of images, evenly spaced, that the statistics of pixels were taken of.
        means: Mean of each channel over all pixels.
        deviations: Standard deviation of each channel over all pixels.
        spreads: Standard deviation of each channel's mean from image to image.
        brightness: How many images have a mean in each of SHADES equal bins from 0 to 1.
        contrast: How many images have a standard deviation within their channels in each of CONTRASTS bins, 0 to 0.5.
        odd: How many of the sampled images are odd in some way; see `recognition.data.oddities`.
        sizes: Of the files; None where the source published arrays.
    """

    model_config = ConfigDict(frozen=True)

    images: int
    counts: tuple[int, ...]
    sampled: int
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    spreads: tuple[float, ...]
    brightness: tuple[int, ...]
    contrast: tuple[int, ...]
    odd: Mapping[str, int]
    sizes: SizeSummary | None


class DataSummary(BaseModel):
    """A data set in numbers.

    Attributes:
        name: Name of the source.
        digest: The data set's digest.
        image_shape: Height, width and channels.
        classes: Class names.
        sides: The sides by name.
        duplicates: Exact duplicates, "train" within a side and "train/test" across: see `Duplicates`.
        near_duplicates: Pairs that look alike, by where they are, likewise.
        two_labels: Pairs of the same picture under two classes.
        unreadable: Number of files left out.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    digest: str
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    sides: Mapping[str, SideSummary]
    duplicates: Mapping[str, int]
    near_duplicates: Mapping[str, int]
    two_labels: int
    unreadable: int

    @property
    def images(self) -> int:
        """Number of images on all sides."""
        return sum(side.images for side in self.sides.values())

    def counts(self, side: str) -> dict[str, int]:
        """Images of each class on a side, by the class's name."""
        return dict(zip(self.classes, self.sides[side].counts, strict=True))
