"""Keys that would do nothing beside another one: errors where somebody writes them, but not in what old runs stored."""

from __future__ import annotations

from collections.abc import Iterator

from recognition.configuration.schema import DataConfig, RunConfig, TrainConfig
from recognition.configuration.section import ContradictionError

HOLD = TrainConfig().hold  # of a recipe that says nothing of it


def check_effect(config: RunConfig) -> None:
    """Check that every key that was set can change something.

    Args:
        config: As it was just read from a file.

    Raises:
        ContradictionError: If one cannot, beside another one.
    """
    for message, *keys in (*_of_data(config.data), *_of_training(config.train), *_of_resources(config)):
        raise ContradictionError(message, *keys)


def _of_data(data: DataConfig) -> Iterator[tuple[str, str, str]]:
    if data.url is not None and data.path is not None:
        yield "data.url contradicts data.path, where nothing is downloaded; remove one", "data.url", "data.path"


def _of_training(train: TrainConfig) -> Iterator[tuple[str, str, str]]:
    if train.hold != HOLD and train.schedule != "stable_decay":
        message = f"train.hold: {train.hold} contradicts train.schedule: {train.schedule}; only stable_decay holds"
        yield f"{message}: remove train.hold, or --set train.hold={HOLD}, its default", "train.hold", "train.schedule"
    if train.layer_decay is not None and train.freeze and train.unfreeze_at is None:
        message = f"train.layer_decay: {train.layer_decay} contradicts train.freeze: true, which trains the head alone"
        yield f"{message}; remove one, or set train.unfreeze_at", "train.layer_decay", "train.freeze"


def _of_resources(config: RunConfig) -> Iterator[tuple[str, str, str]]:
    gpus = config.resources.gpus
    if gpus > 1 and config.train.strategy == "single":
        message = f"resources.gpus: {gpus} contradicts train.strategy: single, which trains on one; change one of them"
        yield message, "resources.gpus", "train.strategy"
