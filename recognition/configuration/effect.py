"""Keys that would do nothing beside another one: errors where somebody writes them, but not in what old runs stored."""

from __future__ import annotations

from recognition.configuration.schema import RunConfig
from recognition.configuration.section import ContradictionError
from recognition.configuration.sections.train import TrainConfig

HOLD = TrainConfig().hold  # of a recipe that says nothing of it


def check_effect(config: RunConfig) -> None:
    """Check that every key that was set, in a file that was just read, can change something.

    Raises:
        ContradictionError: If one cannot, beside another one.
    """
    data, train, gpus = config.data, config.train, config.resources.gpus
    if data.url is not None and data.path is not None:
        message = "data.url contradicts data.path, where nothing is downloaded; remove one of them"
        raise ContradictionError(message, "data.url", "data.path")
    if train.hold != HOLD and train.schedule != "stable_decay":
        message = f"train.hold: {train.hold} contradicts train.schedule: {train.schedule}; only stable_decay holds"
        mend = f"remove train.hold, or --set train.hold={HOLD}, its default"
        raise ContradictionError(f"{message}: {mend}", "train.hold", "train.schedule")
    if train.layer_decay is not None and train.freeze and train.unfreeze_at is None:
        message = f"train.layer_decay: {train.layer_decay} contradicts train.freeze: true, which trains the head alone"
        raise ContradictionError(
            f"{message}; remove one, or set train.unfreeze_at", "train.layer_decay", "train.freeze"
        )
    if gpus > 1 and train.strategy == "single":
        message = f"resources.gpus: {gpus} contradicts train.strategy: single, which trains on one; change one of them"
        raise ContradictionError(message, "resources.gpus", "train.strategy")
