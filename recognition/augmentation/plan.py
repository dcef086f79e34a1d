"""What a run does to its images: the options, resolved against the training split."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.augmentation.statistics import channel_moments, require_zca_is_possible, zca_matrix
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.data.dataset import Split, array_digest
from recognition.data.encoded_images import Images
from recognition.errors import InputError

PLAN_FILE = "plan.json"
ZCA_FILE = "zca.npy"


@dataclass(frozen=True, eq=False)
class AugmentationPlan:
    """The options of augmentation and normalization with everything a run needs to apply them.

    Two plans are the same where their digests are.

    Attributes:
        options: The options as given.
        image_shape: Height, width and channels.
        height_shift: Furthest shift up and down, in pixels.
        width_shift: Furthest shift to the left and right, in pixels.
        mean: Mean of each channel of training images scaled to [0, 1], with featurewise_center.
        std: Standard deviation of each channel likewise, with featurewise_std_normalization.
        zca: Whitening matrix, float32, (d, d) with d = height · width · channels, with zca_whitening.
    """

    options: AugmentationConfig
    image_shape: tuple[int, int, int]
    height_shift: float
    width_shift: float
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    zca: NDArray[np.float32] | None = None

    @property
    def moves_images(self) -> bool:
        """Whether training images are rotated, shifted or flipped."""
        flips = self.options.horizontal_flip or self.options.vertical_flip
        return bool(self.options.rotation_range or self.height_shift or self.width_shift or flips)

    @property
    def changes_colors(self) -> bool:
        """Whether brightness, contrast, saturation or hue of training images change."""
        options = self.options
        return bool(options.brightness or options.contrast or options.saturation or options.hue)

    @property
    def rand_augment_magnitude(self) -> float:
        """Strength of RandAugment's operations, 0–10; 9 where none is given."""
        magnitude = self.options.rand_augment_magnitude
        return 9.0 if magnitude is None else magnitude

    @property
    def cutout_side(self) -> int:
        """Side of the erased square in pixels, with cutout."""
        return max(1, round(self.options.cutout * min(self.image_shape[:2])))

    @property
    def mixes_images(self) -> bool:
        """Whether training images, and their labels, are mixed with others."""
        return bool(self.options.mixup or self.options.cutmix)

    @property
    def digest(self) -> str:
        """SHA-256 of the content, in hexadecimal."""
        whitening = array_digest(self.zca) if self.zca is not None else ""
        return hashlib.sha256((json.dumps(self._content(), sort_keys=True) + whitening).encode()).hexdigest()

    def to_files(self, folder: Path) -> None:
        """Write plan.json, and zca.npy where there is a matrix, into `folder`, made where it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**self._content(), "digest": self.digest}, indent=2)
        (folder / PLAN_FILE).write_text(text + "\n", encoding="utf-8")
        if self.zca is not None:
            np.save(folder / ZCA_FILE, self.zca, allow_pickle=False)

    @classmethod
    def from_files(cls, folder: Path) -> AugmentationPlan:
        """Read what `to_files` wrote.

        Raises:
            InputError: A file is missing or its content is not what was written.
        """
        try:
            content = json.loads((folder / PLAN_FILE).read_text(encoding="utf-8"))
            digest = content.pop("digest")
            plan = cls(**_decoded(content, folder))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _unreadable(folder, f"{type(error).__name__}: {error}") from error
        if plan.digest != digest:
            raise _unreadable(folder, f"content of digest {plan.digest}, written as {digest}")
        return plan

    def _content(self) -> dict[str, Any]:
        return {
            "options": self.options.model_dump(),
            "image_shape": self.image_shape,
            "height_shift": self.height_shift,
            "width_shift": self.width_shift,
            "mean": self.mean,
            "std": self.std,
        }


def check_plan(config: AugmentationConfig, split: Split) -> None:
    """Check, without reading a pixel, that the options fit the training images.

    Args:
        config: The options.
        split: The training split.

    Raises:
        InputError: A shift or random_crop reaches the image's size, there are no colours for saturation or hue to
            change, or the images are too large or too few for zca_whitening.
    """
    _unfitted(config, split)
    if config.zca_whitening:
        require_zca_is_possible(split.images)


def resolve_plan(config: AugmentationConfig, split: Split) -> AugmentationPlan:
    """Resolve the options against the training split, and learn from it what they need.

    A shift range below 1 is a share of the height or width, else pixels, as in Keras.

    Args:
        config: The options.
        split: The training split and no other: its statistics become part of the model.

    Raises:
        InputError: A shift or random_crop reaches the image's size, there are no colours for saturation or hue to
            change, or the images are too large or too few for zca_whitening.
    """
    plan = _unfitted(config, split)
    return _fitted(plan, split.images) if config.featurewise_center else plan


def _unfitted(config: AugmentationConfig, split: Split) -> AugmentationPlan:
    height, width, channels = (int(size) for size in split.images.shape[1:])
    height_shift = _pixels("height_shift_range", config.height_shift_range, height)
    width_shift = _pixels("width_shift_range", config.width_shift_range, width)
    _require_border_fits(config.random_crop, min(height, width))
    _require_colors(config, channels)
    return AugmentationPlan(config, (height, width, channels), height_shift, width_shift)


def _fitted(plan: AugmentationPlan, images: Images) -> AugmentationPlan:
    mean, std = channel_moments(images)
    return replace(
        plan,
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()) if plan.options.featurewise_std_normalization else None,
        zca=zca_matrix(images, mean) if plan.options.zca_whitening else None,
    )


def _pixels(key: str, shift_range: float, size: int) -> float:
    pixels = shift_range * size if shift_range < 1 else shift_range
    if pixels < size:
        return pixels
    raise InputError(
        f"augmentation.{key} shifts images out of sight",
        received=f"{shift_range:g} pixels, of images {size} pixels long on that side",
        expected=f"a share below 1, or 1 to {size} pixels (exclusive)",
        remedy=f"for instance augmentation.{key}: 0.1",
    )


def _require_border_fits(border: int, side: int) -> None:
    if border < side:
        return
    raise InputError(
        "augmentation.random_crop reaches beyond the image, which is mirrored only once",
        received=f"a border of {border} pixels, of images {side} pixels long on their shorter side",
        expected=f"at most {side - 1} pixels",
        remedy=f"for instance augmentation.random_crop: {side // 8}",
    )


def _require_colors(config: AugmentationConfig, channels: int) -> None:
    for key in ("saturation", "hue"):
        if channels == 1 and getattr(config, key):
            raise InputError(
                f"augmentation.{key} changes colours, and grey images have none",
                received=f"augmentation.{key}: {getattr(config, key):g}, and images of one channel",
                expected="images of three channels",
                remedy=f"set augmentation.{key}: 0",
            )


def _decoded(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    options = AugmentationConfig.model_validate(content["options"])
    vectors = {key: content[key] and tuple(content[key]) for key in ("mean", "std")}
    zca = np.load(folder / ZCA_FILE, allow_pickle=False) if options.zca_whitening else None
    return {**content, **vectors, "options": options, "image_shape": tuple(content["image_shape"]), "zca": zca}


def _unreadable(folder: Path, received: str) -> InputError:
    return InputError(
        f"the augmentation plan in {folder} cannot be read",
        received=received,
        expected=f"{PLAN_FILE}, and {ZCA_FILE} with zca_whitening, as AugmentationPlan.to_files writes them",
        remedy="train again: the plan is resolved anew",
    )
