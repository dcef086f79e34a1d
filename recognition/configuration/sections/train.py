"""Section `train`: the network and how it is trained."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from recognition.configuration.nearest import nearest
from recognition.configuration.section import ContradictionError, Section
from recognition.configuration.sections.tail import TailConfig
from recognition.configuration.values import BatchSize, ClassWeights, FilePath, Seeds, Sizes
from recognition.networks import ANY_SIZE, NETWORKS


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
