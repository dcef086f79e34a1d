"""Whether a model is trained again, and what a training begins with that is forced."""

from __future__ import annotations

from collections.abc import Collection

from recognition.configuration.sections.retrain import RetrainConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.data.change import DataChange
from recognition.errors import RecognitionError

Seeds = tuple[int, ...]
FREE_VERDICTS = ("unknown", "same")  # nothing to compare with, or nothing changed


class RetrainingRefused(RecognitionError):  # noqa: N818
    """The data have changed in a way that `retrain.on_change` does not train on: exit status 4."""

    exit_status = 4


def check_change(change: DataChange, config: RetrainConfig) -> None:
    """Check that data may be trained on.

    Args:
        change: The data against the champion's.
        config: Which changes are accepted.

    Raises:
        RetrainingRefused: If this one is not.
    """
    if change.verdict in (*FREE_VERDICTS, *config.on_change):
        return
    accepted = [*config.on_change, change.verdict]
    raise RetrainingRefused(
        f"the data are {change.in_words()}",
        received=f"verdict {change.verdict}",
        expected=f"retrain.on_change: {_listed(config.on_change)}",
        remedy=f"look at the data report; mend the data, or train on them with --set "
        f"'retrain.on_change={_listed(accepted)}'",
    )


def seeds_of(train: TrainConfig) -> Seeds:
    """All seeds of a training: those of `train.seeds`, else the one."""
    return train.seeds or (train.seed,)


def with_new_seeds(train: TrainConfig, used: Collection[Seeds]) -> TrainConfig:
    """The recipe with the first seeds, counting on from its own, that none of these trainings had.

    Args:
        train: The recipe.
        used: The seeds of trainings that differ in nothing else.
    """
    seeds, taken = seeds_of(train), {seed for each in used for seed in each}
    while taken.intersection(seeds):
        seeds = tuple(seed + 1 for seed in seeds)
    several = {"seeds": seeds} if train.seeds else {}
    return train.model_copy(update={"seed": seeds[0], **several})


def _listed(names: Collection[str]) -> str:
    return f"[{', '.join(names)}]"
