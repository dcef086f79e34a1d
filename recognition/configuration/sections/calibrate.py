"""Section `calibrate`: the search for better values of section `train`."""

from __future__ import annotations

from pydantic import Field

from recognition.configuration.searched import BatchSizes, EpochRange
from recognition.configuration.section import Section


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
