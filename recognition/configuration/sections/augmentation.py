"""Section `augmentation`: how training images are normalized and varied."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from recognition.configuration.section import ContradictionError, Section


class AugmentationConfig(Section):
    """The ten options of Keras' ImageDataGenerator that the 2018 deck names, and the draws that came after them."""

    featurewise_center: bool = Field(False, description="subtract the mean of the training images")
    samplewise_center: bool = Field(False, description="subtract each image's own mean")
    featurewise_std_normalization: bool = Field(False, description="divide by the training images' deviation")
    samplewise_std_normalization: bool = Field(False, description="divide by each image's own deviation")
    zca_whitening: bool = Field(False, description="decorrelate the pixels")
    rotation_range: float = Field(0.0, ge=0, le=180, description="degrees, either way")
    width_shift_range: float = Field(0.0, ge=0, description="share below 1, else pixels")
    height_shift_range: float = Field(0.0, ge=0, description="share below 1, else pixels")
    horizontal_flip: bool = Field(False, description="mirror half of the images left to right")
    vertical_flip: bool = Field(False, description="mirror half of the images top to bottom")
    random_crop: int = Field(0, ge=0, le=4096, description="pixels of mirrored border, from which a random crop is cut")
    rand_augment: int = Field(0, ge=0, le=10, description="RandAugment's operations for each image; 0 is none")
    rand_augment_magnitude: float | None = Field(None, ge=0, le=10, description="their strength; null is 9")
    brightness: float = Field(0.0, ge=0, le=1, description="factor of up to 1 ± this")
    contrast: float = Field(0.0, ge=0, le=1, description="factor of up to 1 ± this")
    saturation: float = Field(0.0, ge=0, le=1, description="factor of up to 1 ± this")
    hue: float = Field(0.0, ge=0, le=0.5, description="turns of the colour wheel, either way")
    cutout: float = Field(0.0, ge=0, lt=1, description="side of an erased square, as a share of the image's")
    mixup: float = Field(0.0, ge=0, le=100, description="alpha of the share in which two images are blended")
    cutmix: float = Field(0.0, ge=0, le=100, description="alpha of the share of an image pasted into another")

    @model_validator(mode="after")
    def _deviation_needs_centre(self) -> Self:
        for kind in ("featurewise", "samplewise"):
            if getattr(self, f"{kind}_std_normalization"):
                self._require(f"{kind}_center", f"{kind}_std_normalization")
        if self.zca_whitening:
            self._require("featurewise_center", "zca_whitening")
        if self.rand_augment_magnitude is not None:
            self._require("rand_augment", "rand_augment_magnitude")
        self._exclude("featurewise_center", "samplewise_center")
        self._exclude("zca_whitening", "featurewise_std_normalization")  # whitening scales every direction by itself
        return self

    def _exclude(self, *keys: str) -> None:
        if all(getattr(self, key) for key in keys):
            message = f"augmentation.{keys[0]}: true contradicts augmentation.{keys[1]}: true; choose one of them"
            raise ContradictionError(message, *keys)

    def _require(self, needed: str, by: str) -> None:
        if not getattr(self, needed):
            given, missing = (str(getattr(self, key)).lower() for key in (by, needed))
            message = f"augmentation.{by}: {given} contradicts augmentation.{needed}: {missing}; set both"
            raise ContradictionError(message, by, needed)
