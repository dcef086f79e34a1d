"""Guards of single classes: none may lose much, and a new one must be known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.paired import proportion_score
from recognition.gate.decision import Guard
from recognition.gate.trial import CANDIDATE, CHAMPION, NewClass, Pair

CERTAIN = 0.05  # chance that a guard stops a candidate none of whose classes lost more than the limit, at most
NAMED = 3  # classes that a guard names


def guard_classes(pair: Pair, limit: float) -> Guard:
    """Whether some class certainly loses more recall than the limit.

    Args:
        pair: Candidate and champion.
        limit: As a fraction.
    """
    champion, candidate = (pair.shared.answers[place].right for place in (CHAMPION, CANDIDATE))
    return _guard("classes", pair.shared.class_names, pair.shared.true, champion, candidate, limit)


def guard_superclasses(pair: Pair, limit: float) -> Guard:
    """Whether some superclass certainly loses more than the limit of its images, the superclass being asked for.

    Args:
        pair: Candidate and champion.
        limit: As a fraction.
    """
    champion, candidate = (pair.shared.answers[place].superclass for place in (CHAMPION, CANDIDATE))
    if champion is None or candidate is None:
        return Guard(
            name="superclasses", verdict="skipped", limit=-limit, unit="points", detail="there are none that both know"
        )
    names = sorted(set(pair.superclass_of.values()))
    place = {name: index for index, name in enumerate(names)}
    owner = np.array([place.get(pair.superclass_of.get(name, ""), 0) for name in pair.shared.class_names], np.int64)
    return _guard("superclasses", names, owner[pair.shared.true], champion, candidate, limit)


def guard_new_classes(added: Sequence[NewClass], least: float) -> Guard | None:
    """Whether each class that the champion does not know has a recall of at least so much; None where all are known.

    Args:
        added: Those classes.
        least: The recall, as a fraction.
    """
    if not added:
        return None
    recalls = {each.name: each.right / each.images for each in added if each.images}
    unseen = [each.name for each in added if not each.images]
    below = [name for name in sorted(recalls, key=recalls.__getitem__) if recalls[name] < least]
    words = [f"{name} {recalls[name]:.1%}" for name in below[:NAMED]] + [f"no image of {name}" for name in unseen[:1]]
    return Guard(
        name="new classes",
        verdict="failed" if below or unseen else "passed",
        value=min(recalls.values(), default=None),
        limit=least,
        unit="share",
        detail=", ".join(words) or f"{len(added)} new, all recognised",
    )


def losses(
    groups: NDArray[np.int64], champion: NDArray[np.bool_], candidate: NDArray[np.bool_], count: int, limit: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The loss of each group of images, and how certainly it exceeds the limit.

    Each is tested by Tango's score test. S. Holm's correction ("A simple sequentially rejective multiple test
    procedure", Scandinavian Journal of Statistics 6, 1979) keeps the chance of even one false alarm: a single one
    stops the candidate, so that a bound on the share of false alarms, as Benjamini and Hochberg's, would be too weak.

    Args:
        groups: int64, (n,), the group of each image.
        champion: bool, (n,), whether the champion is right.
        candidate: bool, (n,), whether the candidate is.
        count: Number of groups.
        limit: As a fraction.

    Returns:
        Share of the group's images, float64, (count,), NaN where it has none; and p-values, corrected, 1 where none.
    """
    from scipy.stats import norm

    images, gained, lost = (
        np.bincount(groups[which], minlength=count)
        for which in (slice(None), candidate & ~champion, champion & ~candidate)
    )
    p = np.ones(count)
    there = np.flatnonzero(images)
    scores = [proportion_score(int(gained[i]), int(lost[i]), int(images[i]), -limit) for i in there]
    p[there] = norm.cdf(scores)
    loss = np.divide(lost - gained, images, out=np.full(count, np.nan), where=images > 0)
    return loss, _holm(p, len(there))


def _holm(p: NDArray[np.float64], tests: int) -> NDArray[np.float64]:
    order = np.argsort(p, kind="stable")
    factors = np.maximum(tests - np.arange(len(p)), 1)
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * factors))
    return corrected


def _guard(
    name: str,
    names: Sequence[str],
    groups: NDArray[np.int64],
    champion: NDArray[np.bool_],
    candidate: NDArray[np.bool_],
    limit: float,
) -> Guard:
    loss, p = losses(groups, champion, candidate, len(names), limit)
    certain = [i for i in np.argsort(p, kind="stable").tolist() if p[i] <= CERTAIN]
    worst = int(np.nanargmax(loss))
    named = ", ".join(f"{names[i]} loses {loss[i]:.1%} (p {p[i]:.2g})" for i in certain[:NAMED])
    more = f" and {len(certain) - NAMED} more" if len(certain) > NAMED else ""
    return Guard(
        name=name,
        verdict="failed" if certain else "passed",
        value=-float(loss[certain[0]] if certain else loss[worst]),
        limit=-limit,
        unit="points",
        detail=named + more if certain else _harmless(names[worst], float(loss[worst]), limit),
    )


def _harmless(name: str, loss: float, limit: float) -> str:
    if loss <= 0:
        return "none loses"
    return f"most: {name}" + (", which may be chance" if loss > limit else "")
