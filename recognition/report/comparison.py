"""Runs compared: everything that the page and the terminal say, computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recognition.configuration.resolved import Scalar
from recognition.data.dataset import ImageDataset
from recognition.errors import InputError
from recognition.evaluation.evaluation import Evaluation
from recognition.evaluation.paired import Difference
from recognition.evaluation.paired_metrics import ClassChange, compare_classes, compare_metrics
from recognition.evaluation.shared_images import SharedImages, share_images
from recognition.gate import GateDecision
from recognition.training.history import History

LETTERS = "ABCDEF"  # more runs would be told apart by nobody
SHOWN = 60  # images shown of each kind, over all runs: one is about 3 kB
SHOWN_PER_CLASS = 3  # so that no class fills the page


@dataclass(frozen=True)
class ComparedRun:
    """A finished run, as a comparison needs it.

    Attributes:
        name: The run's name.
        model: Name and version of its model.
        started: When, as text.
        configuration: Dotted keys and values.
        data: Facts of the data by name: digest, sizes and what else was recorded.
        code: Facts of the code by name: commit, hashes, versions.
        history: Its training.
        evaluation: Its predictions on its test split.
        decision: What the gate said.
        dataset: Its data; None where its files are gone.
    """

    name: str
    model: str
    started: str
    configuration: Mapping[str, Scalar]
    data: Mapping[str, Scalar]
    code: Mapping[str, Scalar]
    history: History
    evaluation: Evaluation
    decision: GateDecision
    dataset: ImageDataset | None


@dataclass(frozen=True)
class Row:
    """A key and each run's value; None where it has none."""

    key: str
    values: tuple[Scalar, ...]

    @property
    def differs(self) -> bool:
        """Whether any value is not the first one's."""
        return any(value != self.values[0] for value in self.values)


@dataclass(frozen=True)
class Disagreement:
    """An image that one of two runs has right and the other wrong.

    Attributes:
        image: Its place among the shared images.
        true: Name of its class.
        predicted: Name of the class that the wrong one said.
        right: Probability that the right one gave to the true class.
        wrong: Probability that the wrong one gave to its answer.
    """

    image: int
    true: str
    predicted: str
    right: float
    wrong: float


@dataclass(frozen=True)
class Opponent:
    """A run against the baseline.

    Attributes:
        number: Its position among the runs.
        metrics: Differences by name of the metric.
        classes: Every class that has images.
        gained: Images that it alone has right, the most decided first, at most SHOWN.
        lost: Images that the baseline alone has right.
        both: Number of images that both have right.
        counts: Number of images that it alone, and that the baseline alone, has right.
    """

    number: int
    metrics: Mapping[str, Difference]
    classes: tuple[ClassChange, ...]
    gained: tuple[Disagreement, ...]
    lost: tuple[Disagreement, ...]
    both: int
    counts: tuple[int, int]

    @property
    def letter(self) -> str:
        """What the page calls it."""
        return LETTERS[self.number]

    def changed(self, verdict: str) -> list[ClassChange]:
        """Classes of a verdict, the largest change first."""
        found = [each for each in self.classes if each.verdict == verdict]
        return sorted(found, key=lambda each: -abs(each.other - each.baseline))


@dataclass(frozen=True)
class Comparison:
    """Two or more runs on the same images; the first is the baseline.

    Attributes:
        runs: The runs.
        shared: The images that all of them are judged on here.
        warnings: What limits the comparison, one sentence each.
        configuration: Keys whose values differ.
        data: Facts of the data.
        code: Facts of the code.
        opponents: Every run but the first.
    """

    runs: tuple[ComparedRun, ...]
    shared: SharedImages
    warnings: tuple[str, ...]
    configuration: tuple[Row, ...]
    data: tuple[Row, ...]
    code: tuple[Row, ...]
    opponents: tuple[Opponent, ...]


def compare_runs(runs: Sequence[ComparedRun]) -> Comparison:
    """Compare each run with the first, on the test images that all of them share.

    An image that some runs were trained or selected on, and others not, is left out.

    Args:
        runs: Two or more, at most as many as LETTERS.

    Raises:
        InputError: If there are too few or too many runs, or no image is left.
    """
    _check_number(runs)
    whole = share_images([run.evaluation for run in runs])
    fair = _is_fair(whole, runs)
    if not fair.any():
        raise InputError(
            "no test image is left to compare on: some of these runs were trained or selected on each of the "
            f"{len(whole):,} that they share, and others not"
        )
    shared = whole if fair.all() else whole.take(fair)
    shown = SHOWN // (len(runs) - 1)
    return Comparison(
        runs=tuple(runs),
        shared=shared,
        warnings=tuple(_warnings(runs, whole, int((~fair).sum()))),
        configuration=tuple(row for row in _rows([run.configuration for run in runs]) if row.differs),
        data=_rows([run.data for run in runs]),
        code=_rows([run.code for run in runs]),
        opponents=tuple(_opponent(shared, number, shown) for number in range(1, len(runs))),
    )


def _check_number(runs: Sequence[ComparedRun]) -> None:
    if not 2 <= len(runs) <= len(LETTERS):
        raise InputError(
            "a comparison takes two runs or a few more", received=str(len(runs)), expected=f"2 to {len(LETTERS)} runs"
        )


def _is_fair(shared: SharedImages, runs: Sequence[ComparedRun]) -> NDArray[np.bool_]:
    """Whether all runs, or none of them, have seen each image in training; runs without data count as not."""
    hashes = np.array([int(digits, 16) for digits in shared.hashes], np.uint64)
    seen = [np.isin(hashes, _seen(run.dataset)) for run in runs if run.dataset is not None]
    fair = np.ones(len(shared), bool)
    for left, right in pairwise(seen):
        fair &= left == right
    return fair


def _seen(dataset: ImageDataset) -> NDArray[np.uint64]:
    return np.concatenate([dataset.splits[side].hashes for side in ("train", "validation")])


def _warnings(runs: Sequence[ComparedRun], shared: SharedImages, unfair: int) -> list[str]:
    """What a reader must know before believing a number."""
    found = []
    if any(size != len(shared) for size in shared.sizes):
        sizes = ", ".join(f"{letter} {size:,}" for letter, size in zip(LETTERS, shared.sizes, strict=False))
        found.append(f"The test sets differ: only {len(shared):,} images are in all of them (of {sizes}).")
    if shared.relabelled:
        found.append(f"{shared.relabelled:,} test images have another label in another run, and are left out.")
    if unfair:
        found.append(f"{unfair:,} test images are left out, as some of the runs were trained or selected on them.")
    return [*found, *_other_warnings(runs)]


def _other_warnings(runs: Sequence[ComparedRun]) -> list[str]:
    found = []
    first = runs[0]
    for letter, run in zip(LETTERS[1:], runs[1:], strict=False):
        missing = len(set(first.evaluation.class_names) - set(run.evaluation.class_names))
        added = len(set(run.evaluation.class_names) - set(first.evaluation.class_names))
        if missing or added:
            found.append(
                f"{letter} knows other classes than A: {missing:,} of A’s missing, {added:,} more; "
                "fewer classes are easier to tell apart."
            )
        if run.evaluation.predictions.equals(first.evaluation.predictions):
            found.append(f"{letter} and A have the same predictions: one took them from the other’s cache.")
    lost = [letter for letter, run in zip(LETTERS, runs, strict=False) if run.dataset is None]
    if lost:
        found.append(
            f"The stored data of {' and '.join(lost)} are gone: whether it was trained on images that are test images "
            "of another run is not known."
        )
    return found


def _rows(tables: Sequence[Mapping[str, Scalar]]) -> tuple[Row, ...]:
    keys = dict.fromkeys(key for table in tables for key in table)
    return tuple(Row(key, tuple(table.get(key) for table in tables)) for key in keys)


def _opponent(shared: SharedImages, number: int, shown: int) -> Opponent:
    before, after = shared.answers[0], shared.answers[number]
    gained, lost = after.right & ~before.right, before.right & ~after.right
    return Opponent(
        number=number,
        metrics=compare_metrics(shared, 0, number),
        classes=compare_classes(shared, 0, number),
        gained=_disagreements(shared, gained, number, 0, shown),
        lost=_disagreements(shared, lost, 0, number, shown),
        both=int((before.right & after.right).sum()),
        counts=(int(gained.sum()), int(lost.sum())),
    )


def _disagreements(
    shared: SharedImages, which: NDArray[np.bool_], right: int, wrong: int, limit: int
) -> tuple[Disagreement, ...]:
    """The most decided ones first, and few of a class."""
    sure, mistaken = shared.answers[right], shared.answers[wrong]
    order = np.argsort(-(sure.probability + mistaken.probability), kind="stable")
    found: list[Disagreement] = []
    taken = np.zeros(len(shared.class_names), int)
    for image in order[which[order]].tolist():
        true = shared.true[image]
        if len(found) < limit and taken[true] < SHOWN_PER_CLASS:
            taken[true] += 1
            names = shared.class_names[true], shared.class_names[mistaken.predicted[image]]
            found.append(
                Disagreement(image, *names, float(sure.probability[image]), float(mistaken.probability[image]))
            )
    return tuple(found)
