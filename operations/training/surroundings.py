"""What surrounds a step without changing its result: MLflow, the registry, folders, other pods, people who wait.

A changed line behind a cached step trains again, wherever the step's imports lead (code.py). None of the above can
change what a step returns, so a step does not import it: it says here what it asks of the world, and gets it by its
name, which no walk over imports follows. What can change a result stays an import: how images, weights and the model's
file are read and written.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mlflow import MlflowClient

    from operations.registry.registered_model import RegisteredModel
    from operations.training.identity import TrainingIdentity
    from recognition.training.initialization import Initial
    from recognition.training.listener import TrainingListener

MODULE = "operations.runs.step_surroundings"


@dataclass(frozen=True)
class TrainingPlace:
    """Where a training takes place.

    Attributes:
        checkpoints: Folder of its checkpoints, which this process holds.
        listener: Makes who hears of one training, from its name: "seed 1", "fold 2", "" where there is one only.
        client: Of MLflow, which keeps the model.
        run_id: The MLflow run that it belongs to.
    """

    checkpoints: Path
    listener: Callable[[str], TrainingListener]
    client: MlflowClient
    run_id: str


@dataclass(frozen=True)
class Surroundings:
    """What steps ask of the world.

    Attributes:
        training: A place for a training; it ends with the block.
        calibration: The same for a calibration.
        load_initial: The weights that `train.init` names, checked against their digest.
        fetch_model: The file of a stored model on this machine, from its address.
        created: When a version was registered, in UTC.
        log_files: Give the pipeline's MLflow run files, by their names.
    """

    training: Callable[[TrainingIdentity], AbstractContextManager[TrainingPlace]]
    calibration: Callable[[TrainingIdentity], AbstractContextManager[TrainingPlace]]
    load_initial: Callable[[str, str], Initial]
    fetch_model: Callable[[str], Path]
    created: Callable[[RegisteredModel], datetime]
    log_files: Callable[[Mapping[str, bytes]], None]


def surroundings() -> Surroundings:
    """Those of the step that runs."""
    found: Surroundings = importlib.import_module(MODULE).SURROUNDINGS
    return found
