"""Runs to compare, made up."""

import numpy as np

from recognition.data.dataset import Duplicates, ImageDataset
from recognition.evaluation.evaluate import evaluate
from recognition.report.comparison import ComparedRun
from tests.recognition.evaluation.samples import certain, names_of, random_probabilities, split_of
from tests.recognition.report.samples import decision_of, history_of

TRAINING = split_of([0, 1, 1], seed=8)


def dataset_of(test, train=TRAINING, names=()):
    splits = {"train": train, "validation": train.take(np.array([0])), "test": test}
    return ImageDataset("made", splits, tuple(names), (), np.empty(0, np.int32), Duplicates({}, {}))


def compared_run(name="run", predicted=None, split=None, seed=0, classes=4, names=None, stored=True, **changes):
    """A run on a split; where nothing is `predicted`, it answers at random and is often right."""
    split = split or split_of(np.arange(10 * classes) % classes, size=8)
    given = random_probabilities(split.labels, classes, seed) if predicted is None else certain(predicted, classes)
    facts = {
        "name": name,
        "model": "made version 1",
        "started": "2026-11-22 21:07 UTC",
        "configuration": {"train.seed": seed, "train.epochs": 3},
        "data": {"digest": "ab" * 32},
        "code": {"commit": "0123456789abcdef"},
        "history": history_of(),
        "evaluation": evaluate(given, split, names or names_of(classes)),
        "decision": decision_of(),
        "dataset": dataset_of(split) if stored else None,
    }
    return ComparedRun(**{**facts, **changes})
