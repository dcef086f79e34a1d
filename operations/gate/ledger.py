"""The gate's ledgers, in tags of MLflow's registered model: there they outlive the versions that they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from operations.platform.termination import uninterrupted
from recognition.gate.ledger import Ledger, open_ledger

if TYPE_CHECKING:
    from mlflow import MlflowClient

TAG = "gate_ledger."


def load_ledger(client: MlflowClient, name: str, hashes: NDArray[np.uint64]) -> Ledger:
    """The ledger of a set of images, a new one where nothing was decided on them.

    Args:
        client: A client from `tracking.connect`.
        name: Name of the registered model.
        hashes: uint64, (n,), content hashes of the images.
    """
    tags = client.get_registered_model(name).tags
    return open_ledger([ledger for key in sorted(tags) if (ledger := _read(key, tags[key]))], hashes)


@uninterrupted()
def store_ledger(client: MlflowClient, name: str, ledger: Ledger) -> None:
    """Write a ledger anew; the registry's lock must be held, or a decision may be lost.

    Args:
        client: A client from `tracking.connect`.
        name: Name of the registered model.
        ledger: At most some 10 kB, of the 100 kB that MLflow allows.
    """
    client.set_registered_model_tag(name, f"{TAG}{ledger.name}", ledger.model_dump_json())


def _read(key: str, value: str) -> Ledger | None:
    if not key.startswith(TAG):
        return None
    try:
        return Ledger.model_validate_json(value)
    except ValidationError:  # edited by hand, or of another layout
        return None
