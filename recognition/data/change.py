"""What has changed in a data set since the champion was trained, and whether that matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from recognition.data.listing import count, some
from recognition.data.summary import DataSummary, SideSummary

Verdict = Literal["unknown", "same", "similar", "shifted", "different"]
Level = Literal["similar", "shifted", "different"]

PSI = (0.1, 0.25)  # from which on shifted, different: N. Siddiqi, "Credit Risk Scorecards", 2006
DIFFERENCE = (0.316, 0.5)  # standard deviations: of two normal distributions of one width, PSI is its square
SHRINKAGE = (0.1, 0.5)  # share of the images that has gone: nobody takes away so many by and by
CERTAIN = 0.001  # a p-value below it: with a dozen measures, 1 of 100 comparisons of equal data shows something
LEVEL = 1 / 255  # of brightness: no spread counts as less where all images are alike
BINS = 10  # as practitioners cut: tenths of the earlier images
HALVED = 10  # images that a class must have had to be worth a word when half of them are gone
CHANNELS = {1: ("grey",), 3: ("red", "green", "blue")}
LEVELS: tuple[Level, ...] = ("similar", "shifted", "different")


class Baseline(BaseModel):
    """What the data are compared with.

    Attributes:
        summary: The data that the champion was trained on; None where there is none.
        version: The champion's version in MLflow; None where there is no champion.
        why: Why there is no summary; empty where there is one.
        details: `details_digest` of the data that are compared: the report must be made anew where it changes.
    """

    model_config = ConfigDict(frozen=True)

    summary: DataSummary | None = None
    version: str | None = None
    why: str = ""
    details: str = ""


class Measure(BaseModel):
    """One thing that was compared on one side.

    Attributes:
        side: The side, or "all".
        name: Of what.
        kind: "PSI" for the population stability index, "difference" of means in standard deviations from image to
            image, "decrease" for the share of images that has gone (below 0 where there are more).
        value: The measure.
        p_value: How likely such a value or a larger one is between samples of one and the same source; 0 for a count.
        level: What the value means, taken by itself.
    """

    model_config = ConfigDict(frozen=True)

    side: str
    name: str
    kind: Literal["PSI", "difference", "decrease"]
    value: float
    p_value: float
    level: Level


class DataChange(BaseModel):
    """A data set against the champion's.

    Attributes:
        verdict: "unknown" where there is nothing to compare with; "same" where every image and label is; "similar"
            where a champion's score on one says much about the other; "shifted" where a person should look;
            "different" where the two are not versions of one data set.
        reason: Why, in words.
        version: The champion's version in MLflow.
        added: Classes that the champion's data lack.
        removed: Classes that only the champion's data have.
        halved: Classes that have lost half of their training images or more, beside what a usual class has.
        images: For each side, how many images the champion's data have, and these.
        measures: All that was measured.
    """

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    reason: str
    version: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    halved: tuple[str, ...] = ()
    images: Mapping[str, tuple[int, int]] = {}
    measures: tuple[Measure, ...] = ()

    def in_words(self) -> str:
        """Verdict and reason in one line."""
        if self.verdict == "unknown":
            return f"not compared: {self.reason}"
        relation = {"same": "the same as", "similar": "similar to", "shifted": "shifted against"}
        return f"{relation.get(self.verdict, 'different from')} those of champion version {self.version}: {self.reason}"


def compare(data: DataSummary, baseline: Baseline) -> DataChange:
    """Compare data with the champion's.

    With 50,000 images any difference is significant, and with 50 a large one may be chance: a measure counts where its
    size matters (population stability index, Cohen's d) and chance does not explain it (chi-squared, Welch's t-test).
    """
    before = baseline.summary
    if before is None:
        return DataChange(verdict="unknown", reason=baseline.why, version=baseline.version)
    if before.digest == data.digest:
        return DataChange(verdict="same", reason="every image and label is", version=baseline.version)
    sides = [side for side in data.sides if side in before.sides]
    change = DataChange(
        verdict="similar",
        reason="",
        version=baseline.version,
        added=tuple(name for name in data.classes if name not in set(before.classes)),
        removed=tuple(name for name in before.classes if name not in set(data.classes)),
        halved=_halved(before, data),
        images={side: (before.sides[side].images, data.sides[side].images) for side in sides},
        measures=(_decrease(before, data), *(measure for side in sides for measure in _measured(before, data, side))),
    )
    breaks = _breaks(before, data, change)
    worst = max((LEVELS.index(measure.level) for measure in change.measures), default=0)
    verdict = LEVELS[max(2 * bool(breaks), 1 * bool(change.halved), worst)]
    reasons = [*breaks, *_named(change.measures), *_lost(change), *_plain(before, data, change)]
    return change.model_copy(update={"verdict": verdict, "reason": "; ".join(reasons)})


def _breaks(before: DataSummary, data: DataSummary, change: DataChange) -> list[str]:
    """Reasons for which two data sets are not versions of one, whatever the measures say."""
    reasons = [
        f"{_classes(len(names))} {word} ({some(names)})"
        for word, names in (("added", change.added), ("removed", change.removed))
        if names
    ]
    if before.image_shape != data.image_shape:
        then, now = ("×".join(map(str, summary.image_shape)) for summary in (before, data))
        reasons.append(f"images of {now} values, not {then}")
    return reasons


def _lost(change: DataChange) -> list[str]:
    names = change.halved
    return [f"{_classes(len(names))} with half the training images or less ({some(names)})"] if names else []


def _named(measures: Sequence[Measure]) -> list[str]:
    """The measures that tell, side by side of the data, in words; of the images' number `_plain` tells."""
    telling: dict[str, list[str]] = {}
    for measure in measures:
        if measure.level != "similar" and measure.kind != "decrease":
            figure = f"PSI {measure.value:.2f}" if measure.kind == "PSI" else f"{measure.value:+.2f} deviations"
            telling.setdefault(measure.side, []).append(f"{measure.name} {figure}")
    return [f"{side} images have changed in {', '.join(figures)}" for side, figures in telling.items()]


def _plain(before: DataSummary, data: DataSummary, change: DataChange) -> list[str]:
    share = abs(data.images / before.images - 1)
    if data.images == before.images:
        words = [f"as many images ({data.images:,})"]
    else:
        words = [f"{share:.1%} {'more' if data.images > before.images else 'fewer'} images ({data.images:,})"]
    return [*words, "the same classes"] if not change.added + change.removed else words


def _classes(number: int) -> str:
    return count(number, "class") if number == 1 else f"{number:,} classes"


def _halved(before: DataSummary, data: DataSummary) -> tuple[str, ...]:
    then, now = before.counts("train"), data.counts("train")
    ratios = {name: now[name] / then[name] for name in now if then.get(name, 0) >= HALVED}
    usual = min(1.0, float(np.median(list(ratios.values())))) if ratios else 1.0
    return tuple(name for name, ratio in ratios.items() if ratio <= usual / 2)


def _decrease(before: DataSummary, data: DataSummary) -> Measure:
    share = 1 - data.images / before.images
    level = _level(share, 0.0, SHRINKAGE)
    return Measure(side="all", name="number", kind="decrease", value=share, p_value=0.0, level=level)


def _measured(before: DataSummary, data: DataSummary, side: str) -> list[Measure]:
    then, now = before.sides[side], data.sides[side]
    common = [name for name in data.classes if name in set(before.classes)]
    counts = [np.array([summary.counts(side)[name] for name in common]) for summary in (before, data)]
    measures = [
        _stability(side, "class shares", *counts),
        _stability(side, "brightness", *_tenths(then.brightness, now.brightness)),
        _stability(side, "contrast", *_tenths(then.contrast, now.contrast)),
    ]
    if before.image_shape[2] == data.image_shape[2]:
        measures += _differences(side, then, now)
    return measures


def _stability(side: str, name: str, before: NDArray[np.int64], now: NDArray[np.int64]) -> Measure:
    """Population stability index of two counts over the same bins, and the chi-squared test's p-value.

    Half an image is added to each bin, so that an empty one does not make it infinite.
    """
    from scipy.stats import chi2_contingency

    filled = (before + now) > 0
    rows = np.stack([before, now])[:, filled]
    if rows.shape[1] < 2 or not rows.sum(axis=1).all():
        return Measure(side=side, name=name, kind="PSI", value=0.0, p_value=1.0, level="similar")
    then, later = (rows + 0.5) / (rows + 0.5).sum(axis=1, keepdims=True)
    value = float(np.sum((later - then) * np.log(later / then)))
    p_value = float(chi2_contingency(rows).pvalue)
    return Measure(side=side, name=name, kind="PSI", value=value, p_value=p_value, level=_level(value, p_value, PSI))


def _differences(side: str, before: SideSummary, now: SideSummary) -> list[Measure]:
    """Cohen's d of each channel's mean, an image being one observation, and the p-value of Welch's t-test."""
    names = CHANNELS.get(len(now.means), tuple(f"channel {number}" for number in range(len(now.means))))
    columns = zip(before.means, before.spreads, now.means, now.spreads, strict=True)
    measures = []
    for name, (then, then_spread, later, later_spread) in zip(names, columns, strict=True):
        spread = max(np.sqrt((then_spread**2 + later_spread**2) / 2), LEVEL)
        value = float((later - then) / spread)
        p_value = _welch((then, then_spread, before.sampled), (later, later_spread, now.sampled))
        level = _level(abs(value), p_value, DIFFERENCE)
        measures.append(Measure(side=side, name=name, kind="difference", value=value, p_value=p_value, level=level))
    return measures


def _welch(one: tuple[float, float, int], other: tuple[float, float, int]) -> float:
    """The p-value of Welch's t-test, of mean, standard deviation and number of two samples; 1 for a single image."""
    from scipy.stats import ttest_ind_from_stats

    if min(one[2], other[2]) < 2:
        return 1.0
    samples = [(mean, max(spread, LEVEL) * np.sqrt(n / (n - 1)), n) for mean, spread, n in (one, other)]
    return float(ttest_ind_from_stats(*samples[0], *samples[1], equal_var=False).pvalue)


def _tenths(before: Sequence[int], now: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two histograms with their bins joined so that each holds about a tenth of the earlier images."""
    then, later = np.array(before), np.array(now)
    middle = (np.cumsum(then) - then / 2) / max(1, then.sum())
    group = np.minimum((middle * BINS).astype(np.int64), BINS - 1)
    return np.bincount(group, then, BINS).astype(np.int64), np.bincount(group, later, BINS).astype(np.int64)


def _level(value: float, p_value: float, thresholds: tuple[float, float]) -> Level:
    return LEVELS[sum(value >= threshold for threshold in thresholds) if p_value < CERTAIN else 0]
