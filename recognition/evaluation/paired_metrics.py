"""Two predictors metric by metric and class by class, on the images that they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.paired import Difference, mcnemar, paired_bootstrap, paired_shares
from recognition.evaluation.predictions import TOP
from recognition.evaluation.shared_images import Answers, SharedImages

if TYPE_CHECKING:
    from recognition.evaluation.paired import Statistic

AVERAGES = ("balanced_accuracy", "macro_f1", "loss")
SMALLER_IS_BETTER = ("loss",)
FALSE_DISCOVERIES = 0.05  # expected share of chance among the classes named as won or lost, at most
TELLING = 6  # discordant images from which an exact test can be significant at all: 2 / 2**6 < 0.05

Sums = NDArray[np.float64]


@dataclass(frozen=True)
class ClassChange:
    """A class before and after; shares as fractions.

    Attributes:
        name: The class.
        images: Its images.
        baseline: The baseline's recall.
        other: The other's recall.
        gained: Images that only the other has right.
        lost: Images that only the baseline has right.
        f1_change: The other's F1 less the baseline's.
        p: McNemar's p-value, corrected for the number of classes; 1 where too few images differ to tell.
    """

    name: str
    images: int
    baseline: float
    other: float
    gained: int
    lost: int
    f1_change: float
    p: float

    @property
    def verdict(self) -> str:
        """What it is to the other: "won" or "lost" beyond chance, "same" where every answer is, else "noise"."""
        if self.gained == self.lost == 0:
            return "same"
        if self.p >= FALSE_DISCOVERIES:
            return "noise"
        return "won" if self.gained > self.lost else "lost"


def compare_metrics(shared: SharedImages, baseline: int, other: int) -> dict[str, Difference]:
    """Every metric of two predictors with the interval of its difference.

    Shares of images (accuracy, top-5 and superclass accuracy) have Tango's score interval and McNemar's p-value;
    balanced accuracy and macro F1, over the classes that have images, and the loss a paired bootstrap.

    Args:
        shared: The images and answers.
        baseline: Position of the baseline among the answers.
        other: Position of the other.

    Returns:
        Differences by name of the metric: "accuracy", "top5" with more than five classes, "superclass_accuracy" where
        both have superclasses, "balanced_accuracy", "macro_f1", "loss".
    """
    before, after = shared.answers[baseline], shared.answers[other]
    found = {"accuracy": paired_shares(before.right, after.right)}
    if len(shared.class_names) > TOP:
        found["top5"] = paired_shares(before.top5, after.top5)
    if before.superclass is not None and after.superclass is not None:
        found["superclass_accuracy"] = paired_shares(before.superclass, after.superclass)
    averages = paired_bootstrap(_averages(shared, before), _averages(shared, after), len(shared))
    found |= dict(zip(AVERAGES, averages, strict=True))
    return found


def compare_classes(shared: SharedImages, baseline: int, other: int) -> tuple[ClassChange, ...]:
    """Every class that has images, in the order of the names.

    Classes of which enough images tell the two apart are tested by McNemar's test; Benjamini and Hochberg's correction
    ("Controlling the false discovery rate", JRSS B 57, 1995) bounds the share of chance among the verdicts. Leaving
    out classes that no test could find significant is Gilbert's (Applied Statistics 54, 2005).

    Args:
        shared: The images and answers.
        baseline: Position of the baseline among the answers.
        other: Position of the other.
    """
    before, after = shared.answers[baseline], shared.answers[other]
    classes = len(shared.class_names)
    images, gained, lost, hits_before, hits_after = (
        np.bincount(shared.true[which], minlength=classes)
        for which in (
            slice(None),
            after.right & ~before.right,
            before.right & ~after.right,
            before.right,
            after.right,
        )
    )
    once = np.ones((len(shared), 1))
    f1 = [_f1(*_counts(shared, each)(once))[:, 0] for each in (before, after)]
    p = _corrected(gained, lost)
    return tuple(
        ClassChange(
            name=shared.class_names[i],
            images=int(images[i]),
            baseline=float(hits_before[i] / images[i]),
            other=float(hits_after[i] / images[i]),
            gained=int(gained[i]),
            lost=int(lost[i]),
            f1_change=float(f1[1][i] - f1[0][i]),
            p=float(p[i]),
        )
        for i in np.flatnonzero(images)
    )


def _corrected(gained: NDArray[np.int64], lost: NDArray[np.int64]) -> NDArray[np.float64]:
    from scipy.stats import false_discovery_control

    p = np.ones(len(gained))
    tested = gained + lost >= TELLING
    if tested.any():
        p[tested] = false_discovery_control(mcnemar(gained[tested], lost[tested]))
    return p


def _averages(shared: SharedImages, answers: Answers) -> Statistic:
    """AVERAGES of how often each image is drawn; classes of which none is drawn do not count."""
    count = _counts(shared, answers)

    def statistic(counts: Sums) -> Sums:
        hits, support, predicted = count(counts)
        present = support > 0
        means = [
            (values * present).sum(axis=0) / present.sum(axis=0)
            for values in (hits / np.maximum(support, 1), _f1(hits, support, predicted))
        ]
        return np.stack([*means, answers.loss @ counts / len(shared)])

    return statistic


def _counts(shared: SharedImages, answers: Answers) -> Callable[[Sums], tuple[Sums, Sums, Sums]]:
    """Hits, images and predictions of each class, (classes, resamples), of how often each image is drawn."""
    classes = len(shared.class_names)
    by_true, by_predicted = _indicator(shared.true, classes), _indicator(answers.predicted, classes)
    by_hit = _indicator(shared.true, classes, np.flatnonzero(answers.right))
    return lambda counts: (by_hit @ counts, by_true @ counts, by_predicted @ counts)


def _indicator(of: NDArray[np.int64], classes: int, which: NDArray[np.int64] | None = None) -> Any:
    """Sparse float64, (classes, n): 1 where an image, one of `which` unless that is None, is of the class."""
    from scipy.sparse import csr_array

    which = np.arange(len(of)) if which is None else which
    return csr_array((np.ones(len(which)), (of[which], which)), shape=(classes, len(of)))


def _f1(hits: Sums, support: Sums, predicted: Sums) -> Sums:
    return 2 * hits / np.maximum(support + predicted, 1)
