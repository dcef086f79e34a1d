"""The gate decides whether a candidate becomes the champion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from recognition.configuration.schema import GateConfig
from recognition.evaluation.score import in_words, score

Labels = NDArray[np.integer]


class GateDecision(BaseModel):
    """A decision with its numbers and its reason in words.

    `candidate` and `champion` are values of `metric` on the same `images`; `candidate` is None where no image is left,
    `champion` also where there is none or where it cannot be compared. `excluded` images were left out because a model
    was trained or selected on them.
    """

    model_config = ConfigDict(frozen=True)

    decision: Literal["promoted", "kept"]
    reason: str
    metric: str
    candidate: float | None
    champion: float | None
    champion_version: str | None
    images: int
    excluded: int


@dataclass(frozen=True)
class Trial:
    """A candidate's answers for images that no model in question has seen.

    Attributes:
        metric: "accuracy", "balanced_accuracy" or "macro_f1".
        true: Integers, (n,).
        predicted: Integers, (n,), the candidate's.
        excluded: Number of images left out.
    """

    metric: str
    true: Labels
    predicted: Labels
    excluded: int

    def score(self, predicted: Labels) -> float:
        """The metric of anyone's predictions for the same images; there must be an image."""
        return score(self.metric, self.true, predicted)


def judge_first(config: GateConfig, trial: Trial) -> GateDecision:
    """A first champion must beat chance by the configured margin; without an image left it cannot.

    Chance is what always naming the most frequent class would score; for the averages over classes, one class in all.

    Args:
        config: The margin.
        trial: The candidate's answers.
    """
    if not len(trial.true):
        return _nothing_left(trial)
    counts = np.unique(trial.true, return_counts=True)[1]
    chance = float(counts.max() / counts.sum()) if trial.metric == "accuracy" else 1 / len(counts)
    candidate, needed = trial.score(trial.predicted), chance + config.margin_over_chance
    good = candidate >= needed
    relation = "reaches" if good else "does not reach"
    reason = (
        f"there is no champion yet, and {in_words(trial.metric)} {candidate:.2%} {relation} the {needed:.2%} asked of "
        f"a first one (chance {chance:.2%} plus {config.margin_over_chance:.2%})"
    )
    return _decision(trial, good, reason)


def judge_pair(trial: Trial, champion: Labels, version: str) -> GateDecision:
    """A candidate must be better than the champion on the same images; without an image left it is not.

    Args:
        trial: The candidate's answers.
        champion: Integers, (n,), the champion's predictions for the same images.
        version: The champion's version.
    """
    if not len(trial.true):
        return _nothing_left(trial, version)
    ours, theirs = trial.score(trial.predicted), trial.score(champion)
    relation = "is better than" if ours > theirs else "is not better than"
    reason = (
        f"{in_words(trial.metric)} {ours:.2%} {relation} the {theirs:.2%} of champion version {version}, "
        f"both on the same {len(trial.true):,} images"
    )
    return _decision(trial, ours > theirs, reason, version, theirs)


def judge_incomparable(config: GateConfig, trial: Trial, version: str, why: str) -> GateDecision:
    """Where the champion cannot answer the same question, an explicit setting decides, if an image is left.

    Args:
        config: The setting, `gate.incomparable`.
        trial: The candidate's answers.
        version: The champion's version.
        why: What makes the two incomparable.
    """
    if not len(trial.true):
        return _nothing_left(trial, version)
    reason = f"champion version {version} cannot be compared: {why}; gate.incomparable is {config.incomparable}"
    return _decision(trial, config.incomparable == "promote", reason, version)


def _nothing_left(trial: Trial, version: str | None = None) -> GateDecision:
    reason = f"no test image is left to judge by: a model was trained or selected on each of the {trial.excluded:,}"
    return _decision(trial, False, reason, version)


def _decision(
    trial: Trial, promoted: bool, reason: str, version: str | None = None, champion: float | None = None
) -> GateDecision:
    return GateDecision(
        decision="promoted" if promoted else "kept",
        reason=reason,
        metric=trial.metric,
        candidate=trial.score(trial.predicted) if len(trial.true) else None,
        champion=champion,
        champion_version=version,
        images=len(trial.true),
        excluded=trial.excluded,
    )
