"""The sections of a run configuration, one strict model each."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from recognition.configuration.nearest import nearest
from recognition.networks import NETWORKS

Share = Annotated[float, Field(gt=0, lt=1)]
BatchSize = Annotated[int, Field(ge=1, le=1_000_000)]
FilePath = Annotated[str, Field(pattern=r"^[^\x00]+$", json_schema_extra={"words": "a path"})]
Url = Annotated[
    str,
    Field(
        pattern=r"^(https?|file)://\S+$",
        json_schema_extra={"words": "an address that starts with http://, https:// or file://"},
    ),
]
Digest = Annotated[
    str,
    Field(
        pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$",
        json_schema_extra={"words": "md5: and 32, or sha256: and 64 lower-case hexadecimal digits"},
    ),
]
Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        json_schema_extra={
            "words": "up to 100 letters, digits, dots, hyphens and underscores, a letter or digit first"
        },
    ),
]


class ContradictionError(ValueError):
    """Keys of one section exclude each other.

    Args:
        message: A sentence that names the keys, their values and the way out.
        keys: The keys' names within the section; the first is one that was set.
    """

    def __init__(self, message: str, *keys: str) -> None:
        super().__init__(message)
        self.keys = keys


class Section(BaseModel):
    """A section: unknown keys and wrong types are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class FallbackTrain(Section):
    """The few recipe values that differ for the fallback data set; null keeps the recipe's own."""

    epochs: int | None = Field(None, ge=1, le=10_000, description="instead of train.epochs")
    batch_size: BatchSize | None = Field(None, description="instead of train.batch_size")
    learning_rate: float | None = Field(None, gt=0, description="instead of train.learning_rate")


class Fallback(Section):
    """What to use where the data set can neither be found nor downloaded."""

    source: Literal["digits"] = Field(description="the data set that takes the place of data.source")
    train: FallbackTrain = FallbackTrain()


class DataConfig(Section):
    """Which images, and which of them are held out."""

    source: Literal["cifar100", "digits"] = Field("cifar100", description="the data set")
    path: FilePath | None = Field(None, description="archive or unpacked folder; else RECOGNITION_DATA, else the cache")
    url: Url | None = Field(None, description="mirror of the official archive")
    digest: Digest | None = Field(None, description="what the archive is checked against")
    validation: Share = Field(0.1, description="share of train held out, stratified")
    train_limit: int | None = Field(None, ge=2, description="train on at most this many images")
    seed: int = Field(0, ge=0, lt=2**32, description="decides which images are held out")
    fallback: Fallback | None = None

    @model_validator(mode="after")
    def _downloads_only_for_cifar100(self) -> Self:
        given = [key for key in ("path", "url", "digest", "fallback") if getattr(self, key) is not None]
        if self.source == "digits" and given:
            message = f"data.{given[0]} contradicts data.source: digits, which comes with scikit-learn; remove one"
            raise ContradictionError(message, given[0], "source")
        return self


class AugmentationConfig(Section):
    """The ten options of Keras' ImageDataGenerator that the 2018 deck names."""

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

    @model_validator(mode="after")
    def _deviation_needs_centre(self) -> Self:
        for kind in ("featurewise", "samplewise"):
            if getattr(self, f"{kind}_std_normalization"):
                self._require(f"{kind}_center", f"{kind}_std_normalization")
        if self.zca_whitening:
            self._require("featurewise_center", "zca_whitening")
        self._exclude("featurewise_center", "samplewise_center")
        self._exclude("zca_whitening", "featurewise_std_normalization")  # whitening scales every direction by itself
        return self

    def _exclude(self, *keys: str) -> None:
        if all(getattr(self, key) for key in keys):
            message = f"augmentation.{keys[0]}: true contradicts augmentation.{keys[1]}: true; choose one of them"
            raise ContradictionError(message, *keys)

    def _require(self, needed: str, by: str) -> None:
        if not getattr(self, needed):
            message = f"augmentation.{by}: true contradicts augmentation.{needed}: false; set both to true"
            raise ContradictionError(message, by, needed)


class TrainConfig(Section):
    """The network and how it is trained."""

    network: str = Field("fast", description="the network's name", json_schema_extra={"enum": list(NETWORKS)})
    epochs: int = Field(1, ge=1, le=10_000, description="passes over the training images")
    batch_size: BatchSize = Field(128, description="images in a step")
    optimizer: Literal["sgd", "adam", "adamw"] = Field("sgd", description="how the weights are updated")
    learning_rate: float = Field(0.1, gt=0, description="the schedule's highest")
    momentum: float | None = Field(None, ge=0, lt=1, description="sgd only; null is 0.9")
    weight_decay: float = Field(0.0, ge=0, description="0 is none")
    schedule: Literal["constant", "one_cycle"] = Field("constant", description="learning rate over the steps")
    warmup: float = Field(0.2, ge=0, lt=1, description="share of the steps, one_cycle only")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="share of a label spread over all classes")
    seed: int = Field(0, ge=0, lt=2**31, description="decides weights, order and augmentation")
    device: Literal["auto", "cpu", "gpu"] = Field("auto", description="auto: a GPU where there is one")
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = Field(
        "auto", description="auto: what suits the device"
    )
    deterministic: bool = Field(False, description="the same numbers on every run, more slowly")

    @field_validator("network")
    @classmethod
    def _known_network(cls, value: str) -> str:
        if value not in NETWORKS:
            near = nearest(value, NETWORKS)
            hint = f"; did you mean {near}?" if near else ""
            raise ValueError(f"expected one of {', '.join(sorted(NETWORKS))}{hint}")
        return value

    @model_validator(mode="after")
    def _momentum_is_for_sgd(self) -> Self:
        if self.momentum is not None and self.optimizer != "sgd":
            keys = f"train.momentum: {self.momentum} contradicts train.optimizer: {self.optimizer}"
            raise ContradictionError(f"{keys}; only sgd has a momentum", "momentum", "optimizer")
        return self


class EvaluationConfig(Section):
    """How the test set is scored."""

    batch_size: BatchSize = Field(500, description="images in a step; changes the time, not the score")


class GateConfig(Section):
    """When a candidate becomes the champion."""

    metric: Literal["accuracy", "balanced_accuracy", "macro_f1"] = Field("accuracy", description="what is compared")
    margin_over_chance: float = Field(0.02, ge=0, lt=1, description="asked of a first champion")
    incomparable: Literal["keep", "promote"] = Field("keep", description="when the champion knows other classes")


class ModelConfig(Section):
    """The registered model."""

    name: Name = Field("cifar100", description="its name in the registries")


class ResourcesConfig(Section):
    """What training may use of its machine."""

    threads: int | None = Field(None, ge=1, le=1024, description="null: every core")


class RunConfig(Section):
    """A whole run: what `--config` names."""

    data: DataConfig = DataConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    train: TrainConfig = TrainConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    gate: GateConfig = GateConfig()
    model: ModelConfig = ModelConfig()
    resources: ResourcesConfig = ResourcesConfig()
