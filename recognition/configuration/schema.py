"""The sections of a run configuration, one strict model each."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from recognition.configuration.gate_section import GateConfig
from recognition.configuration.nearest import nearest
from recognition.configuration.notify_section import NotifyConfig
from recognition.configuration.predict_section import PredictConfig
from recognition.configuration.resources_section import ResourcesConfig
from recognition.configuration.retrain_section import RetrainConfig
from recognition.configuration.schedule_section import ScheduleConfig
from recognition.configuration.searched import BatchSizes, EpochRange
from recognition.configuration.section import ContradictionError, Section
from recognition.configuration.values import (
    BatchSize,
    ClassWeights,
    Color,
    Column,
    Digest,
    FilePath,
    ImageSize,
    Name,
    Seeds,
    Share,
    Sizes,
    Url,
    shortened,
)
from recognition.networks import ANY_SIZE, NETWORKS


class FallbackTrain(Section):
    """The few recipe values that differ for the fallback data set; null keeps the recipe's own."""

    epochs: int | None = Field(None, ge=1, le=10_000, description="instead of train.epochs")
    batch_size: BatchSize | None = Field(None, description="instead of train.batch_size")
    learning_rate: float | None = Field(None, gt=0, description="instead of train.learning_rate")


class Fallback(Section):
    """What to use where the data set can neither be found nor downloaded."""

    source: Literal["digits"] = Field(description="the data set that takes the place of data.source")
    train: FallbackTrain = FallbackTrain()


OWN_SOURCES = ("folder", "csv", "parquet")
OWN_KEYS = (
    "test",
    "image_size",
    "resize",
    "channels",
    "background",
    "max_unreadable",
    "max_decoded",
    "group",
)
TABLE_KEYS = ("image_column", "label_column")
NOT_FOR = {
    "cifar100": (*OWN_KEYS, *TABLE_KEYS),
    "digits": ("path", "url", "digest", "fallback", *OWN_KEYS, *TABLE_KEYS),
    "folder": ("url", "digest", "fallback", *TABLE_KEYS),
    "csv": ("url", "digest", "fallback"),
    "parquet": ("url", "digest", "fallback"),
}


class DataConfig(Section):
    """Which images, and which of them are held out."""

    source: Literal["cifar100", "digits", "folder", "csv", "parquet"] = Field(
        "cifar100", description="a published data set, or how your own images lie on disk"
    )
    path: FilePath | None = Field(
        None,
        description="cifar100: archive or unpacked folder, else RECOGNITION_DATA, else the cache; "
        "folder, csv, parquet: the images; all of them here or at s3:// and the like",
    )
    url: Url | None = Field(None, description="mirror of the official archive")
    digest: Digest | None = Field(None, description="what the archive is checked against")
    test: Share = Field(0.2, description="share of your own images to test on, where they bring no test part")
    validation: Share = Field(0.1, description="share of train held out, where there is no validation part")
    gate: float = Field(
        0.0, ge=0, lt=1, description="share of what is left of train held out to judge candidates with; 0: none is"
    )
    folds: int | None = Field(
        None,
        ge=2,
        le=100,
        description="train and validate on as many parts in turn; the first one's model is the result",
    )
    train_limit: int | None = Field(None, ge=2, description="train on at most this many images")
    seed: int = Field(0, ge=0, lt=2**32, description="decides which images are held out")
    duplicates: Literal["error", "drop", "keep"] | None = Field(
        None, description="the same image on two sides; null: keep for published data sets, error for your own"
    )
    image_size: ImageSize = Field((64, 64), description="your own images become this large")
    resize: Literal["crop", "pad", "stretch"] = Field(
        "crop", description="how: centre cropped, padded with the background, or out of proportion"
    )
    channels: Literal[1, 3] = Field(3, description="3: red, green, blue; 1: grey")
    background: Color = Field("#ffffff", description="behind transparent pixels, and around padded images")
    max_unreadable: float = Field(0.01, ge=0, lt=1, description="share of unreadable files above which a run ends")
    max_decoded: int = Field(
        2_000_000_000, ge=0, description="bytes of decoded images; above it they are decoded while training"
    )
    group: str | None = Field(None, description="pattern on an image's path; images of one group stay on one side")
    image_column: Column | None = Field(None, description="csv, parquet: where the image or its path stands")
    label_column: Column | None = Field(None, description="csv, parquet: where the label stands")
    fallback: Fallback | None = None

    @field_validator("group")
    @classmethod
    def _group_compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"{shortened(value)} is not a regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _keys_are_of_the_source(self) -> Self:
        defaults = type(self).model_fields
        for key in NOT_FOR[self.source]:
            if getattr(self, key) != defaults[key].default:
                why = ", which comes with scikit-learn" if self.source == "digits" else ""
                message = f"data.{key} contradicts data.source: {self.source}{why}; remove one"
                raise ContradictionError(message, key, "source")
        if self.folds is not None and self.group is not None:
            message = f"data.folds: {self.folds} contradicts data.group, as folds would part groups; remove one"
            raise ContradictionError(message, "folds", "group")
        if self.source in OWN_SOURCES and self.path is None:
            raise ContradictionError(
                f"data.source: {self.source} needs data.path; say where the images are, such as --set data.path=photos",
                "source",
                "path",
            )
        return self


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


class TailConfig(Section):
    """More epochs for a finished training, as `run_pipeline.py extend` writes it."""

    after: Name = Field(description="name of the finished run")
    epochs: int = Field(ge=1, le=10_000, description="how many more")
    schedule: Literal["constant", "one_cycle", "cosine"] = Field("cosine", description="learning rate over their steps")
    learning_rate: float | None = Field(None, gt=0, description="its highest; null: a tenth of train.learning_rate")


class TrainConfig(Section):
    """The network and how it is trained."""

    network: str = Field("fast", description="the network's name", json_schema_extra={"enum": list(NETWORKS)})
    epochs: int = Field(1, ge=1, le=10_000, description="passes over the training images")
    batch_size: BatchSize = Field(128, description="images in a step")
    optimizer: Literal["sgd", "adam", "adamw", "muon"] = Field("sgd", description="how the weights are updated")
    learning_rate: float = Field(0.1, gt=0, description="the schedule's highest")
    momentum: float | None = Field(None, ge=0, lt=1, description="sgd: null is 0.9; muon: null is 0.6")
    weight_decay: float = Field(0.0, ge=0, description="0 is none")
    accumulate: int = Field(1, ge=1, le=10_000, description="batches whose gradients make one step")
    clip_norm: float | None = Field(None, gt=0, description="longest gradient over all weights; null: any")
    ema: float | None = Field(
        None, gt=0, lt=1, description="weights are averaged over the steps with this decay, and the averages kept"
    )
    schedule: Literal["constant", "one_cycle", "stable_decay", "cosine"] = Field(
        "constant", description="learning rate over the steps"
    )
    warmup: float | None = Field(
        None, ge=0, lt=1, description="share of the steps in which the rate climbs; null: 0.2 for one_cycle, else 0"
    )
    hold: float = Field(0.4, ge=0, lt=1, description="share of the steps before the rate falls, stable_decay only")
    sizes: Sizes | None = Field(None, description="images begin smaller; for networks of small images but deck")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="share of a label spread over all classes")
    class_weights: ClassWeights = Field("none", description="how much an image of each class counts in the loss")
    sampling: Literal["shuffled", "balanced"] = Field(
        "shuffled", description="balanced: each class equally often, rare images repeated"
    )
    average_mirrored: bool = Field(
        False, description="the model averages an image's prediction with its mirror image's, in twice the time"
    )
    temperature: float | None = Field(
        None, gt=0, le=100, description="divides the registered model's logits; null: what fits validation best"
    )
    patience: int | None = Field(
        None, ge=1, le=10_000, description="epochs without a better one after which training stops; null: never"
    )
    seed: int = Field(0, ge=0, lt=2**31, description="decides weights, order and augmentation")
    seeds: Seeds | None = Field(
        None, description="train once with each, to see how much is chance; the first one's model is the result"
    )
    init: FilePath | None = Field(
        None,
        description="weights to begin with: a .keras or .weights.h5 file, models:/NAME@ALIAS or models:/NAME/VERSION",
    )
    freeze: bool = Field(False, description="train only the last layer, the head")
    unfreeze_at: int | None = Field(None, ge=2, description="epoch from which all layers are trained; null: none")
    layer_decay: float | None = Field(
        None, gt=0, lt=1, description="factor on the learning rate of each layer further from the head; null: 1"
    )
    tail: TailConfig | None = None
    device: Literal["auto", "cpu", "gpu"] = Field("auto", description="auto: a GPU where there is one")
    strategy: Literal["auto", "single", "mirrored", "multi_worker"] = Field(
        "auto", description="devices that share a batch; auto: the workers of TF_CONFIG, else every GPU"
    )
    workers: int = Field(
        1, ge=1, le=64, description="pods that share each batch, on Kubernetes; elsewhere TF_CONFIG names who does"
    )
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
    def _momentum_is_for_sgd_and_muon(self) -> Self:
        if self.momentum is not None and self.optimizer not in ("sgd", "muon"):
            keys = f"train.momentum: {self.momentum} contradicts train.optimizer: {self.optimizer}"
            raise ContradictionError(f"{keys}; only sgd and muon have a momentum", "momentum", "optimizer")
        return self

    @model_validator(mode="after")
    def _one_way_to_seed(self) -> Self:
        if self.seeds is not None and self.seed not in (0, self.seeds[0]):
            message = f"train.seed: {self.seed} contradicts train.seeds: {list(self.seeds)}; remove train.seed"
            raise ContradictionError(message, "seed", "seeds")
        return self

    @model_validator(mode="after")
    def _freezing_needs_weights(self) -> Self:
        if self.freeze and self.init is None:
            message = "train.freeze: true contradicts train.init: null, whose random layers would stay; set train.init"
            raise ContradictionError(message, "freeze", "init")
        if self.unfreeze_at is not None and not self.freeze:
            message = f"train.unfreeze_at: {self.unfreeze_at} contradicts train.freeze: false; set both, or neither"
            raise ContradictionError(message, "unfreeze_at", "freeze")
        last = self.epochs + (self.tail.epochs if self.tail else 0)
        if self.unfreeze_at is not None and self.unfreeze_at > last:
            message = (
                f"train.unfreeze_at: {self.unfreeze_at} contradicts train.epochs: {self.epochs}, the last of which"
            )
            raise ContradictionError(f"{message} is trained frozen; lower train.unfreeze_at", "unfreeze_at", "epochs")
        return self

    @model_validator(mode="after")
    def _warmup_leaves_room(self) -> Self:
        if self.schedule == "stable_decay" and (self.warmup or 0) > self.hold:
            message = f"train.warmup: {self.warmup} contradicts train.hold: {self.hold}, which is shorter"
            raise ContradictionError(f"{message}; lower train.warmup", "warmup", "hold")
        return self

    @model_validator(mode="after")
    def _sizes_are_for_networks_of_any_size(self) -> Self:
        if self.sizes is not None and self.network not in ANY_SIZE:
            message = f"train.sizes contradicts train.network: {self.network}, which takes images of one size"
            raise ContradictionError(f"{message}; remove train.sizes", "sizes", "network")
        return self

    @model_validator(mode="after")
    def _rare_classes_are_lifted_once(self) -> Self:
        if self.sampling == "balanced" and self.class_weights != "none":
            message = "train.sampling: balanced contradicts train.class_weights, which would lift rare classes again"
            raise ContradictionError(f"{message}; choose one of them", "sampling", "class_weights")
        return self


class CheckpointConfig(Section):
    """When a training writes down its state, besides at the end of each epoch."""

    every_seconds: int = Field(300, ge=1, le=86_400, description="within an epoch that takes longer")


class EvaluationConfig(Section):
    """How a model is scored."""

    metric: Literal["accuracy", "balanced_accuracy", "macro_f1"] = Field(
        "accuracy", description="decides the best epoch, when training stops, and the gate"
    )
    batch_size: BatchSize | None = Field(
        None, description="images in a step, null: 500 of 32x32, fewer of larger; changes the time, not the score"
    )


class ModelConfig(Section):
    """The registered model."""

    name: Name = Field("cifar100", description="its name in the registries")


class CalibrateConfig(Section):
    """The search for a better learning rate, batch size and number of epochs, on validation images only."""

    trials: int = Field(12, ge=1, le=1_000, description="trainings; the first is section train as it is")
    minutes: float | None = Field(
        None, gt=0, description="of training, after which no other trial begins; null: no limit"
    )
    batch_sizes: BatchSizes | None = Field(
        None, description="to try besides train.batch_size; null: half of it and twice of it"
    )
    epoch_range: EpochRange | None = Field(
        None, description="epochs to try; null: from half of train.epochs to all of them"
    )
    steps: int = Field(200, ge=20, le=10_000, description="of the learning-rate range test that comes first")
    sampler_seed: int = Field(0, ge=0, lt=2**32, description="decides which values are tried")


class RunConfig(Section):
    """A whole run: what `--config` names."""

    data: DataConfig = DataConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    train: TrainConfig = TrainConfig()
    checkpoint: CheckpointConfig = CheckpointConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    gate: GateConfig = GateConfig()
    model: ModelConfig = ModelConfig()
    resources: ResourcesConfig = ResourcesConfig()
    calibrate: CalibrateConfig | None = None
    predict: PredictConfig = PredictConfig()
    retrain: RetrainConfig | None = None
    schedule: ScheduleConfig | None = None
    notify: NotifyConfig | None = None

    @model_validator(mode="after")
    def _gpus_are_used(self) -> Self:
        if self.resources.gpus and self.train.device == "cpu":
            message = f"resources.gpus: {self.resources.gpus} contradicts train.device: cpu; remove one of them"
            raise ContradictionError(message, "resources.gpus", "train.device")
        return self

    @model_validator(mode="after")
    def _a_retraining_is_one_of_its_own(self) -> Self:
        if self.schedule is not None and self.calibrate is not None:
            raise ContradictionError("schedule contradicts calibrate; remove one of them", "schedule", "calibrate")
        if self.retrain is None:
            return self
        if self.calibrate is not None:
            raise ContradictionError(
                "retrain contradicts calibrate; remove one of the sections", "retrain", "calibrate"
            )
        if self.train.tail is not None:
            raise ContradictionError("retrain contradicts train.tail; remove one of them", "retrain", "train.tail")
        if self.retrain.init == "champion" and self.train.init is not None:
            message = "retrain.init: champion contradicts train.init; remove one of them"
            raise ContradictionError(message, "retrain.init", "train.init")
        return self

    @model_validator(mode="after")
    def _the_gate_has_its_images(self) -> Self:
        if self.gate.split == "gate" and not self.data.gate:
            message = "gate.split: gate contradicts data.gate: 0, which holds out no images for it; set data.gate"
            raise ContradictionError(f"{message}, such as 0.1", "gate.split", "data.gate")
        return self
