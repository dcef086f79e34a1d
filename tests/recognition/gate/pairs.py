"""Pairs of models at the gate, made up."""

import numpy as np

from recognition.evaluation.evaluate import evaluate
from recognition.evaluation.shared_images import share_images
from recognition.gate.trial import Pair
from tests.recognition.evaluation.samples import certain, names_of, split_of


def answers(true, right, classes):
    """Predictions that are right where asked for, else the next class."""
    return np.where(right, true, (true + 1) % classes)


def pair_of(champion, candidate, true=None, classes=4, metric="accuracy", superclass_of=(), **changes):
    """A pair of which it is known which images each has right: bool, (n,)."""
    true = np.arange(len(champion)) % classes if true is None else true
    split, names = split_of(true), names_of(classes)
    supers = tuple(f"super_{i}" for i in range(max(superclass_of, default=-1) + 1))
    judged = [
        evaluate(certain(answers(true, right, classes), classes), split, names, supers, superclass_of)
        for right in (champion, candidate)
    ]
    owners = {name: supers[owner] for name, owner in zip(names, superclass_of, strict=False)}
    values = {"metric": metric, "split": "test", "excluded": 0, "version": "6", "superclass_of": owners} | changes
    return Pair(shared=share_images(judged), **values)


def discordant(images, gained, lost):
    """Who is right, champion and candidate, where they differ on so many images; both know half of the others."""
    order = np.arange(images)
    rest = (order >= gained + lost) & (order % 2 == 0)
    return (order >= gained) & (order < gained + lost) | rest, (order < gained) | rest
