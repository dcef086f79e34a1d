"""The test images that several evaluations share, and what each predictor answered for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recognition.errors import InputError
from recognition.evaluation.evaluation import Evaluation
from recognition.evaluation.predictions import TOP

KEY = ["hash", "label", "copy"]


@dataclass(frozen=True)
class Answers:
    """One predictor's answers for n images.

    Attributes:
        rows: int64, (n,), the images' positions in its own test split.
        predicted: int64, (n,), indices into the joint class names.
        right: bool, (n,).
        top5: bool, (n,): whether the true class is among its five most probable.
        superclass: bool, (n,): whether the superclass is right; None without superclasses.
        loss: float64, (n,), nats.
        probability: float64, (n,), that of the predicted class.
    """

    rows: NDArray[np.int64]
    predicted: NDArray[np.int64]
    right: NDArray[np.bool_]
    top5: NDArray[np.bool_]
    superclass: NDArray[np.bool_] | None
    loss: NDArray[np.float64]
    probability: NDArray[np.float64]

    def take(self, kept: NDArray[np.bool_]) -> Answers:
        """Those for some of the images: bool, (n,)."""
        chosen: dict[str, Any] = {
            name: values if values is None else values[kept] for name, values in vars(self).items()
        }
        return Answers(**chosen)


@dataclass(frozen=True)
class SharedImages:
    """Images that every predictor answered for, in the first one's order.

    Attributes:
        class_names: The names of all predictors' classes, the first one's first.
        true: int64, (n,), indices into `class_names`.
        hashes: Content hashes, (n,), 16 hexadecimal digits each.
        paths: Source paths, (n,), empty where images are not files.
        answers: Each predictor's.
        sizes: Images of each predictor's whole test split.
        relabelled: Images that all test splits hold, but under different labels: they are not shared.
    """

    class_names: tuple[str, ...]
    true: NDArray[np.int64]
    hashes: NDArray[np.str_]
    paths: NDArray[np.str_]
    answers: tuple[Answers, ...]
    sizes: tuple[int, ...]
    relabelled: int

    def __len__(self) -> int:
        return len(self.true)

    def take(self, kept: NDArray[np.bool_]) -> SharedImages:
        """Some of the images: bool, (n,)."""
        answers = tuple(each.take(kept) for each in self.answers)
        return replace(self, true=self.true[kept], hashes=self.hashes[kept], paths=self.paths[kept], answers=answers)


def share_images(evaluations: Sequence[Evaluation]) -> SharedImages:
    """Find the images that all evaluations are about: the same content hash, and a label of the same name.

    An image that a test split holds several times is shared as often as every split holds it.

    Args:
        evaluations: Two or more.

    Raises:
        InputError: If they share no image.
    """
    keys = [_keys(evaluation).rename(columns={"row": f"row {i}"}) for i, evaluation in enumerate(evaluations)]
    shared = reduce(lambda left, right: left.merge(right, on=KEY, how="inner"), keys)
    if shared.empty:
        raise InputError(
            "these runs share no test image, so there is nothing to compare",
            received=", ".join(f"{len(each.predictions):,}" for each in evaluations) + " test images",
            expected="at least one image, by content and name of its class, that every test split holds",
            remedy="compare runs on the same data, or train again on one's data with the other's configuration",
        )
    names = tuple(dict.fromkeys(name for each in evaluations for name in each.class_names))
    rows = [shared[f"row {i}"].to_numpy(np.int64) for i in range(len(keys))]
    first = evaluations[0].predictions.iloc[rows[0]]
    index = {name: place for place, name in enumerate(names)}
    return SharedImages(
        class_names=names,
        true=np.array([index[name] for name in shared["label"]], np.int64),
        hashes=first["hash"].to_numpy(str),
        paths=first["path"].to_numpy(str),
        answers=tuple(_answers(each, some, index) for each, some in zip(evaluations, rows, strict=True)),
        sizes=tuple(len(each.predictions) for each in evaluations),
        relabelled=_relabelled(keys),
    )


def _keys(evaluation: Evaluation) -> pd.DataFrame:
    """What tells the images apart: content, name of the label, and which copy of the same image it is."""
    names = np.array(evaluation.class_names, dtype=object)
    table = evaluation.predictions
    keys = pd.DataFrame({"hash": table["hash"].to_numpy(str), "label": names[table["true"].to_numpy()]})
    return keys.assign(copy=keys.groupby(["hash", "label"]).cumcount(), row=np.arange(len(keys)))


def _relabelled(keys: Sequence[pd.DataFrame]) -> int:
    """Contents that all test splits hold, but never under one label."""
    contents = set.intersection(*(set(each["hash"]) for each in keys))
    labelled = set.intersection(*(set(zip(each["hash"], each["label"], strict=True)) for each in keys))
    return len(contents) - len({content for content, _ in labelled})


def _answers(evaluation: Evaluation, rows: NDArray[np.int64], index: dict[str, int]) -> Answers:
    table = evaluation.predictions.iloc[rows]
    true, predicted = table["true"].to_numpy(), table["predicted"].to_numpy()
    joint = np.array([index[name] for name in evaluation.class_names], np.int64)
    owners = evaluation.superclass_of
    top = table[[f"label_{i + 1}" for i in range(TOP)]].to_numpy()
    return Answers(
        rows=rows,
        predicted=joint[predicted],
        right=true == predicted,
        top5=(top == true[:, np.newaxis]).any(axis=1),
        superclass=owners[true] == owners[predicted] if len(owners) else None,
        loss=table["loss"].to_numpy(np.float64),
        probability=table["probability_1"].to_numpy(np.float64),
    )
