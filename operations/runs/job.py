"""A checked run: configuration, folders and data are known to be good, and nothing has started yet."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from operations.platform.code import code_hash
from operations.platform.console import count
from operations.platform.environment import PROJECT, STATE_VARIABLE, check_writable, data_cache, state_folder
from operations.training.task import Training, planned_identity, task_name
from operations.training.unfinished import check_unfinished
from recognition.calibration.space import check_search, describe_search
from recognition.configuration.loading import used_config
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.data.preload import preload_dataset
from recognition.data.sources import fallback_reason
from recognition.errors import InputError
from recognition.training.device import check_requested, driver_gpus
from recognition.training.distribution import check_mirrored, check_strategy
from recognition.training.preflight import check_fits
from recognition.training.schedule import tail_of

FREE_BYTES = 150_000_000  # for databases, a model and its checkpoints, besides the images
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")  # what MLflow's queries or a file name may trip over
PACKAGES = ("tensorflow", "keras", "zenml", "mlflow")


@dataclass(frozen=True)
class RunOptions:
    """What a command asks of a run besides its configuration.

    Attributes:
        fresh: Whether what an interrupted training left is given up.
        use_cache: Whether steps may be taken from the cache.
        summary: File for the summary, JSON.
        output: Folder for what people look at; None for one in the state folder.
        copy_errors: Folder for wrongly predicted test images.
    """

    fresh: bool = False
    use_cache: bool = True
    summary: Path | None = None
    output: Path | None = None
    copy_errors: Path | None = None

    def check_folders(self) -> None:
        """Raise InputError unless everything can be written, the state folder too."""
        if self.summary and os.path.isdir(self.summary):
            raise InputError("--summary names a folder", received=str(self.summary), expected="a file to write")
        folders = {
            "state folder": state_folder(),
            "folder of --output": self.output,
            "folder of --summary": self.summary and self.summary.parent,
            "folder of --copy-errors": self.copy_errors,
        }
        for purpose, folder in folders.items():
            if folder is not None:
                check_writable(folder, purpose)


@dataclass(frozen=True, kw_only=True)
class Job(ABC):
    """What will run, of any kind.

    Attributes:
        kind: Name of its pipeline's file.
        config: The configuration to use, the fallback's values included.
        recipe: Name of the configuration file, without its suffix.
        commit: The code's commit, where there is one.
        run_name: Name of the ZenML and MLflow runs.
        notes: What is odd about it, for people.
        options: What the command asks for.
    """

    kind: ClassVar[str]
    config: RunConfig
    recipe: str
    commit: str | None
    run_name: str
    notes: tuple[str, ...] = ()
    options: RunOptions = RunOptions()

    @abstractmethod
    def describe(self, stack: str) -> str:
        """What will run, as lines for the terminal; `stack` is the name of ZenML's active one."""

    @property
    def warning(self) -> str:
        """What nobody may overlook; empty where there is nothing."""
        return ""

    @property
    def tags(self) -> dict[str, str]:
        """Where a run came from, for ZenML's and MLflow's records of it."""
        return {"recipe": self.recipe, "commit": self.commit or "none", "fallback": "no"}

    def arguments(self, code: Mapping[str, str]) -> dict[str, Any]:
        """What the pipeline is called with.

        Args:
            code: Hash of the code behind each cached step, by the step's name.
        """
        return {"config": self.config, "code": dict(code), "recipe": self.recipe, "commit": self.commit}

    def report_folder(self) -> Path:
        """Where people look for what the run found, made now."""
        folder = (self.options.output or state_folder() / "reports" / self.run_name).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass(frozen=True, kw_only=True)
class TrainingJob(Job):
    """A training that will run.

    Attributes:
        data: The data in one line.
        initial: Digest of the weights to begin with; empty for random ones.
        fallback: Why the fallback data set is used; empty where it is not.
    """

    kind: ClassVar[str] = "training"
    data: str = ""
    initial: str = ""
    fallback: str = ""

    @property
    def task(self) -> str:
        """What it is for."""
        return task_name(safe_name(self.recipe), self.config.model.name)

    @property
    def warning(self) -> str:
        """That another data set stands in."""
        return f"FALLBACK DATA: {self.config.data.source} stands in, because {self.fallback}" if self.fallback else ""

    @property
    def tags(self) -> dict[str, str]:
        """With the reason for the fallback."""
        return {**super().tags, "fallback": self.fallback or "no"}

    def arguments(self, code: Mapping[str, str]) -> dict[str, Any]:
        """With the "initial weights" among what the code's hashes tell, and what the steps find with the run."""
        given = super().arguments({**code, "initial weights": self.initial})
        return {**given, "fallback": bool(self.fallback), "fresh": self.options.fresh}

    def describe(self, stack: str) -> str:
        """Data, recipe and machine."""
        from operations.platform.stack import describe_resources

        train, gpus = self.config.train, self.config.resources.gpus
        found = "GPU" if driver_gpus() or gpus else "CPU, as there is no GPU"
        device = {"auto": f"auto: {found}"}.get(train.device, train.device)
        resources = describe_resources(self.config.resources)
        lines = {
            "data": self.data,
            "network": train.network,
            **({"goes on": _tail(train)} if train.tail else {}),
            "recipe": f"{self.recipe}: {count(train.epochs, 'epoch')}, batch {train.batch_size}, {train.optimizer} at "
            f"{train.learning_rate:g}, {train.schedule}, seed {train.seed}",
            **({"calibrate": describe_search(self.config.calibrate, train)} if self.config.calibrate else {}),
            "device": f"{device}; precision {train.precision}",
            "stack": stack,
            **({"resources": resources} if resources else {}),
            "model": self.config.model.name,
            "versions": f"Python {platform.python_version()}, {versions()}",
            "state": str(state_folder()),
        }
        return "\n".join([f"run {self.run_name}", *(f"  {name:<10}{text}" for name, text in lines.items())])


class CalibrationJob(TrainingJob):
    """A calibration that will run: many trainings."""

    kind = "calibration"


def check_job(config: RunConfig, recipe: str, options: RunOptions = RunOptions(), digest: str = "") -> TrainingJob:
    """Check everything that can be checked before work starts; the data set is read, and kept for the pipeline.

    Args:
        config: A loaded configuration.
        recipe: Name of the configuration file, without its suffix.
        options: What the command asks for.
        digest: What the data's digest must be; "" for any.

    Raises:
        InputError: If anything is wrong.
    """
    if not config.resources.gpus:  # else it depends on the stack where they are looked for
        check_requested(config.train.device)
    check_strategy(config.train)
    check_mirrored(config.train, config.resources.gpus or driver_gpus())
    options.check_folders()
    fallback = fallback_reason(config.data, data_cache())
    config = used_config(config, bool(fallback))
    dataset = preload_dataset(config.data, data_cache())
    if digest and dataset.digest != digest:
        raise InputError(
            "the data are not those that the run was trained on",
            received=f"{dataset.name}, data digest {dataset.digest[:16]}",
            expected=f"data digest {digest[:16]}",
            remedy="bring the images back as they were: compare names and sizes in the run's data report",
        )
    check_fits(config, dataset)
    if config.calibrate:
        check_search(config.calibrate, config.train, dataset)
    _check_space(sum(split.images.nbytes for split in dataset.splits.values()) + FREE_BYTES)
    if config.train.tail:
        _check_parent(config, dataset.digest)
    begins_with = config.train.init if config.train.tail is None else None  # else the state holds all weights
    initial = initial_digest(begins_with) if begins_with else ""
    if not options.fresh and not config.calibrate and not config.retrain:  # what a retraining left behind is given up
        _check_unfinished(config, recipe, dataset.digest, initial)
    return (CalibrationJob if config.calibrate else TrainingJob)(
        config=config,
        recipe=recipe,
        commit=git_commit(),
        run_name=new_run_name(recipe),
        notes=dataset.notes,
        options=options,
        data=_describe(dataset),
        initial=initial,
        fallback=fallback,
    )


def new_run_name(recipe: str) -> str:
    """A name that no other run has: the recipe's, the time in UTC, and six random digits."""
    return f"{safe_name(recipe)}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid4().hex[:6]}"


def versions() -> str:
    """The libraries' versions."""
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)


def _tail(train: TrainConfig) -> str:
    tail, added = train.tail, tail_of(train)
    assert tail is not None
    return f"after run {tail.after}: {count(tail.epochs, 'more epoch')}, at {added.learning_rate:g}, {tail.schedule}"


def git_commit() -> str | None:
    """The commit of this checkout, with "+changes" where files differ from it; None outside git."""
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty=+changes", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None


def _check_parent(config: RunConfig, digest: str) -> None:
    from operations.runs.parent import check_parent  # imports ZenML

    check_parent(config, digest)


def initial_digest(address: str) -> str:
    """Digest of the weights that `train.init` names.

    Args:
        address: A path, or the address of a registered model.

    Raises:
        InputError: If they are missing.
    """
    from operations.training.initial_weights import initial_digest  # imports MLflow

    return initial_digest(address)


def safe_name(recipe: str) -> str:
    """A recipe's name as part of a run's."""
    return UNSAFE.sub("-", recipe)[:60]


def _check_unfinished(config: RunConfig, recipe: str, digest: str, initial: str) -> None:
    identity = planned_identity(config, digest, code_hash("steps.train"), initial)
    check_unfinished(Training(task_name(safe_name(recipe), config.model.name), identity))


def _describe(dataset: ImageDataset) -> str:
    sizes = ", ".join(f"{len(split):,} {name}" for name, split in dataset.splits.items())
    height, width, channels = dataset.image_shape
    return f"{dataset.name}: {sizes} images of {height}x{width}x{channels}, {len(dataset.classes)} classes"


def _check_space(needed: int) -> None:
    free = shutil.disk_usage(state_folder()).free
    if free < needed:
        raise InputError(
            "there is too little space for the state folder",
            received=f"{free / 1e6:.0f} MB free at {state_folder()}",
            expected=f"{needed / 1e6:.0f} MB for images, model and databases",
            remedy=f"make room, or set {STATE_VARIABLE} to a folder on another disk",
        )
