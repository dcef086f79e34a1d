"""Guards that are no count of right answers: the loss, several seeds, the data, latency and size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognition.data.change import DataChange
from recognition.evaluation.paired import Difference
from recognition.gate.decision import Guard
from recognition.gate.paired_test import PairedTest
from recognition.training.history import Repeat

ALARMING = ("shifted", "different")  # verdicts about data


def guard_loss(difference: Difference, limit: float) -> Guard:
    """Whether the loss certainly rises by more than the limit: its 95 % interval lies above.

    The loss, a proper score, tells of calibration (T. Gneiting and A. Raftery, "Strictly proper scoring rules,
    prediction, and estimation", JASA 102, 2007) and is a mean over images, which can be compared in pairs; an
    expected calibration error is neither.

    Args:
        difference: Of the losses, candidate less champion.
        limit: In nats.
    """
    low, high = difference.low, difference.high
    told = "" if np.isinf(high) else f"95 % interval {low:+.3f} to {high:+.3f}"
    failed = low > limit
    return Guard(
        name="loss",
        verdict="failed" if failed else "passed",
        value=difference.value,
        limit=limit,
        unit="nats",
        detail=f"{difference.baseline:.3f} before, {difference.other:.3f} now" + (f"; {told}" if told else ""),
    )


def guard_seeds(test: PairedTest, repeats: Sequence[Repeat], level: float) -> Guard | None:
    """Whether the recipe as such passes, where it was trained with several seeds; None where it was not.

    The model that was judged is the first seed's. By how much the seeds' mean lies above that seed's score on
    validation corrects its difference for luck, and the spread of the seeds joins the error of the images; the test is
    Welch's (Biometrika 34, 1947), whose degrees of freedom count the seeds. Folds are left out: their scores are of
    different images.

    Args:
        test: The first seed's model against the champion.
        repeats: All trainings of the recipe, the first one first.
        level: That of the decision.
    """
    scores = np.array([repeat.validation_score for repeat in repeats if repeat.name.startswith("seed ")])
    if len(scores) < 2:
        return None
    from scipy.stats import t

    shift, spread = float(scores.mean() - scores[0]), float(scores.var(ddof=1) / len(scores))
    value, variance = test.tested.value + shift, test.error**2 + spread
    freedom = variance**2 * (len(scores) - 1) / spread**2 if spread else np.inf
    p = float(t.sf((value + test.margin) / np.sqrt(variance), freedom))
    return Guard(
        name="seeds",
        verdict="passed" if p <= level else "failed",
        value=value,
        limit=-test.margin,
        unit="points",
        detail=f"mean of {len(scores)} seeds, p {p:.2g}, level {level:.2g}",
    )


def guard_data(change: DataChange, blocks: bool) -> Guard:
    """Whether the data are shifted or different against the champion's.

    Args:
        change: The data report's verdict.
        blocks: Whether that stops the candidate; else it warns.
    """
    alarming = change.verdict in ALARMING
    verdict = ("failed" if blocks else "warned") if alarming else "passed"
    return Guard(name="data", verdict=verdict, detail=f"{change.verdict}: {change.reason}"[:300])


def guard_cost(
    name: str, unit: str, ours: float, theirs: float | None, most: float | None, ratio: float | None
) -> list[Guard]:
    """Whether a cost stays within its limits, as a number and as a multiple of the champion's.

    Args:
        name: "latency" or "size".
        unit: Of the cost, "ms" or "MB".
        ours: The candidate's.
        theirs: The champion's; None where there is none.
        most: The limit; None for none.
        ratio: The limit of the multiple; None for none.
    """
    guards = []
    if most is not None:
        verdict = "passed" if ours <= most else "failed"
        guards.append(Guard(name=name, verdict=verdict, value=ours, limit=most, unit=unit))
    if ratio is not None and theirs is not None:
        verdict = "passed" if ours <= ratio * theirs else "failed"
        told = f"{ours:.3g} {unit}, champion {theirs:.3g} {unit}"
        relative = f"{name} against the champion"
        value = ours / theirs
        guards.append(Guard(name=relative, verdict=verdict, value=value, limit=ratio, unit="times", detail=told))
    return guards
