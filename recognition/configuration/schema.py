"""The sections of a run configuration, one strict model each."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Share = Annotated[float, Field(gt=0, lt=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


class Section(BaseModel):
    """A section: unknown keys and wrong types are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FallbackTrain(Section):
    """The few recipe values that differ for the fallback data set; null keeps the recipe's own."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    batch_size: Annotated[int, Field(ge=1)] | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None


class Fallback(Section):
    """What to use where the data set can neither be found nor downloaded."""

    source: Literal["digits"]
    train: FallbackTrain = FallbackTrain()


class DataConfig(Section):
    """Which images, and which of them are held out."""

    source: Literal["cifar100", "digits"] = "cifar100"
    path: str | None = Field(None, description="archive or unpacked folder; else RECOGNITION_DATA, else the cache")
    url: str | None = Field(None, pattern=r"^(https?|file)://", description="mirror of the official archive")
    digest: str | None = Field(None, pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$")
    validation: Share = Field(0.1, description="share of train held out, stratified")
    train_limit: Annotated[int, Field(ge=2)] | None = Field(None, description="train on at most this many images")
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    fallback: Fallback | None = None

    @model_validator(mode="after")
    def _downloads_only_for_cifar100(self) -> Self:
        given = [key for key in ("path", "url", "digest", "fallback") if getattr(self, key) is not None]
        if self.source == "digits" and given:
            raise ValueError(f"data.source: digits comes with scikit-learn, so data.{given[0]} contradicts it")
        return self


class AugmentationConfig(Section):
    """The ten options of Keras' ImageDataGenerator that the 2018 deck names."""

    featurewise_center: bool = False
    samplewise_center: bool = False
    featurewise_std_normalization: bool = False
    samplewise_std_normalization: bool = False
    zca_whitening: bool = False
    rotation_range: Annotated[float, Field(ge=0, le=180)] = Field(0.0, description="degrees")
    width_shift_range: Annotated[float, Field(ge=0)] = Field(0.0, description="share below 1, else pixels")
    height_shift_range: Annotated[float, Field(ge=0)] = Field(0.0, description="share below 1, else pixels")
    horizontal_flip: bool = False
    vertical_flip: bool = False

    @model_validator(mode="after")
    def _deviation_needs_centre(self) -> Self:
        for kind in ("featurewise", "samplewise"):
            if getattr(self, f"{kind}_std_normalization") and not getattr(self, f"{kind}_center"):
                raise ValueError(f"{kind}_std_normalization: true contradicts {kind}_center: false; set both to true")
        if self.zca_whitening and not self.featurewise_center:
            raise ValueError("zca_whitening: true contradicts featurewise_center: false; set both to true")
        if self.featurewise_center and self.samplewise_center:
            raise ValueError("featurewise_center: true contradicts samplewise_center: true; choose one of them")
        return self


class TrainConfig(Section):
    """The network and how it is trained."""

    network: str = "fast"
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 1
    batch_size: Annotated[int, Field(ge=1)] = 128
    optimizer: Literal["sgd", "adam", "adamw"] = "sgd"
    learning_rate: Annotated[float, Field(gt=0)] = 0.1
    momentum: Annotated[float, Field(ge=0, lt=1)] | None = Field(None, description="sgd only; null is 0.9")
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    schedule: Literal["constant", "one_cycle"] = "constant"
    warmup: Annotated[float, Field(ge=0, lt=1)] = Field(0.2, description="share of the steps, one_cycle only")
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    device: Literal["auto", "cpu", "gpu"] = "auto"
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = "auto"
    deterministic: bool = False

    @field_validator("network")
    @classmethod
    def _known_network(cls, value: str) -> str:
        from recognition.networks import NETWORKS

        if value not in NETWORKS:
            raise ValueError(f"expected one of {', '.join(sorted(NETWORKS))}")
        return value

    @model_validator(mode="after")
    def _momentum_is_for_sgd(self) -> Self:
        if self.momentum is not None and self.optimizer != "sgd":
            raise ValueError(f"momentum: {self.momentum} contradicts optimizer: {self.optimizer}; only sgd has one")
        return self


class EvaluationConfig(Section):
    """How the test set is scored."""

    batch_size: Annotated[int, Field(ge=1)] = 500


class GateConfig(Section):
    """When a candidate becomes the champion."""

    metric: Literal["accuracy", "balanced_accuracy", "macro_f1"] = "accuracy"
    margin_over_chance: Annotated[float, Field(ge=0, lt=1)] = Field(0.02, description="asked of a first champion")
    incomparable: Literal["keep", "promote"] = Field("keep", description="when the champion knows other classes")


class ModelConfig(Section):
    """The registered model."""

    name: Name = "cifar100"


class ResourcesConfig(Section):
    """What training may use of its machine."""

    threads: Annotated[int, Field(ge=1, le=1024)] | None = Field(None, description="null: every core")


class RunConfig(Section):
    """A whole run: what `--config` names."""

    data: DataConfig = DataConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    train: TrainConfig = TrainConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    gate: GateConfig = GateConfig()
    model: ModelConfig = ModelConfig()
    resources: ResourcesConfig = ResourcesConfig()
