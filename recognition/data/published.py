"""A data set as its source publishes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import Split


@dataclass(frozen=True)
class PublishedDataset:
    """The official train and test parts, before a validation split is held out.

    Attributes:
        name: Name of the source, such as "cifar100".
        train: The official train part.
        test: The official test part.
        classes: Class names; a label is an index into them.
        superclasses: Superclass names, empty where there are none.
        superclass_of: int32, (classes,), the superclass of each class; empty where there are none.
        digest: SHA-256 of what was read, in hexadecimal.
        files: The files that were read; empty where the data comes with a library.
        notes: What a reader of the results should know of the data, one sentence each.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    superclasses: tuple[str, ...]
    superclass_of: NDArray[np.int32]
    digest: str
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
