"""A whole configuration: its sections, and what they ask of each other."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from recognition.configuration.section import ContradictionError, Section
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.configuration.sections.calibrate import CalibrateConfig
from recognition.configuration.sections.checkpoint import CheckpointConfig
from recognition.configuration.sections.data import DataConfig
from recognition.configuration.sections.evaluation import EvaluationConfig
from recognition.configuration.sections.gate import GateConfig
from recognition.configuration.sections.model import ModelConfig
from recognition.configuration.sections.notify import NotifyConfig
from recognition.configuration.sections.predict import PredictConfig
from recognition.configuration.sections.resources import ResourcesConfig
from recognition.configuration.sections.retrain import RetrainConfig
from recognition.configuration.sections.schedule import ScheduleConfig
from recognition.configuration.sections.train import TrainConfig


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
