"""The gate decides whether a candidate becomes the champion."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from recognition.configuration.schema import GateConfig

Labels = NDArray[np.integer]


class GateDecision(BaseModel):
    """A decision with its numbers and its reason in words.

    `candidate` and `champion` are values of `metric` on the same `images`; `champion` is None where there is none
    or where it cannot be compared. `excluded` images were left out because a model was trained or selected on them.
    """

    model_config = ConfigDict(frozen=True)

    decision: Literal["promoted", "kept"]
    reason: str
    metric: str
    candidate: float
    champion: float | None
    champion_version: str | None
    images: int
    excluded: int


def score(metric: str, true: Labels, predicted: Labels) -> float:
    """A metric as a fraction, computed by scikit-learn.

    Args:
        metric: "accuracy", "balanced_accuracy" or "macro_f1".
        true: Integers, (n,).
        predicted: Integers, (n,).
    """
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    if metric == "accuracy":
        return float(accuracy_score(true, predicted))
    present = np.unique(true)
    if metric == "balanced_accuracy":
        return float(recall_score(true, predicted, labels=present, average="macro", zero_division=0))
    return float(f1_score(true, predicted, labels=present, average="macro", zero_division=0))


def judge_first(config: GateConfig, true: Labels, predicted: Labels, excluded: int) -> GateDecision:
    """A first champion must beat chance by the configured margin.

    Chance is what always naming the most frequent class would score; for the averages over classes, one class in all.

    Args:
        config: Metric and margin.
        true: Integers, (n,), of the images that neither model has seen.
        predicted: Integers, (n,), the candidate's.
        excluded: Number of images left out.
    """
    counts = np.unique(true, return_counts=True)[1]
    chance = float(counts.max() / counts.sum()) if config.metric == "accuracy" else 1 / len(counts)
    candidate = score(config.metric, true, predicted)
    needed = chance + config.margin_over_chance
    good = candidate >= needed
    relation = "reaches" if good else "does not reach"
    return GateDecision(
        decision="promoted" if good else "kept",
        reason=f"there is no champion yet, and {_named(config)} {candidate:.2%} {relation} the {needed:.2%} asked of a "
        f"first one (chance {chance:.2%} plus {config.margin_over_chance:.2%})",
        metric=config.metric,
        candidate=candidate,
        champion=None,
        champion_version=None,
        images=len(true),
        excluded=excluded,
    )


def judge_pair(
    config: GateConfig, true: Labels, predicted: Labels, champion: Labels, version: str, excluded: int
) -> GateDecision:
    """A candidate must be better than the champion on the same images.

    Args:
        config: The metric.
        true: Integers, (n,), of the images that neither model has seen.
        predicted: Integers, (n,), the candidate's.
        champion: Integers, (n,), the champion's.
        version: The champion's version.
        excluded: Number of images left out.
    """
    ours, theirs = score(config.metric, true, predicted), score(config.metric, true, champion)
    better = ours > theirs
    relation = "is better than" if better else "is not better than"
    return GateDecision(
        decision="promoted" if better else "kept",
        reason=f"{_named(config)} {ours:.2%} {relation} the {theirs:.2%} of champion version {version}, "
        f"both on the same {len(true):,} images",
        metric=config.metric,
        candidate=ours,
        champion=theirs,
        champion_version=version,
        images=len(true),
        excluded=excluded,
    )


def judge_incomparable(
    config: GateConfig, true: Labels, predicted: Labels, version: str, why: str, excluded: int
) -> GateDecision:
    """Where the champion cannot answer the same question, an explicit setting decides.

    Args:
        config: The setting, `gate.incomparable`.
        true: Integers, (n,), of the images that the candidate has not seen.
        predicted: Integers, (n,), the candidate's.
        version: The champion's version.
        why: What makes the two incomparable.
        excluded: Number of images left out.
    """
    return GateDecision(
        decision="promoted" if config.incomparable == "promote" else "kept",
        reason=f"champion version {version} cannot be compared: {why}; gate.incomparable is {config.incomparable}",
        metric=config.metric,
        candidate=score(config.metric, true, predicted),
        champion=None,
        champion_version=version,
        images=len(true),
        excluded=excluded,
    )


def _named(config: GateConfig) -> str:
    return config.metric.replace("_", " ").replace("f1", "F1")
