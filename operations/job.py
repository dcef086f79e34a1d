"""A checked run: configuration, folders and data are known to be good, and nothing has started yet."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from operations.code import code_hash
from operations.console import count
from operations.environment import PROJECT, STATE_VARIABLE, check_writable, data_cache, state_folder
from operations.training_task import Training, planned_identity, task_name
from operations.unfinished import check_unfinished
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
class Job:
    """What will run.

    Attributes:
        config: The configuration to use, the fallback's values included.
        recipe: Name of the configuration file, without its suffix.
        fallback: Why the fallback data set is used; empty where it is not.
        commit: The code's commit, where there is one.
        run_name: Name of the ZenML and MLflow runs.
        data: The data in one line.
        notes: What is odd about the data.
        initial: Digest of the weights to begin with; empty for random ones.
    """

    config: RunConfig
    recipe: str
    fallback: str
    commit: str | None
    run_name: str
    data: str
    notes: tuple[str, ...]
    initial: str = ""

    @property
    def task(self) -> str:
        """What its training is for."""
        return task_name(safe_name(self.recipe), self.config.model.name)


def check_job(
    config: RunConfig, recipe: str, written: Mapping[str, Path], fresh: bool = False, digest: str = ""
) -> Job:
    """Check everything that can be checked before work starts; the data set is read, and kept for the pipeline.

    Args:
        config: A loaded configuration.
        recipe: Name of the configuration file, without its suffix.
        written: Further folders that will be written, by what they are for.
        fresh: Whether what an interrupted training left may be given up.
        digest: What the data's digest must be; "" for any.

    Raises:
        InputError: If anything is wrong.
    """
    if not config.resources.gpus:  # else it depends on the stack where they are looked for
        check_requested(config.train.device)
    check_strategy(config.train)
    check_mirrored(config.train, config.resources.gpus or driver_gpus())
    for purpose, folder in {"state folder": state_folder(), **written}.items():
        check_writable(folder, purpose)
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
    if not fresh and not config.calibrate and not config.retrain:  # what a retraining left behind is given up
        _check_unfinished(config, recipe, dataset.digest, initial)
    return Job(
        config=config,
        recipe=recipe,
        fallback=fallback,
        commit=git_commit(),
        run_name=new_run_name(recipe),
        data=_describe(dataset),
        notes=dataset.notes,
        initial=initial,
    )


def new_run_name(recipe: str) -> str:
    """A name that no other run has: the recipe's, the time in UTC, and six random digits."""
    return f"{safe_name(recipe)}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid4().hex[:6]}"


def describe_job(job: Job, stack: str, resources: str = "") -> str:
    """What will run, as lines for the terminal.

    Args:
        job: The checked run.
        stack: Name of ZenML's active stack.
        resources: What becomes of what the run asks of a cluster; "" where it asks nothing.
    """
    train, gpus = job.config.train, job.config.resources.gpus
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    found = "GPU" if driver_gpus() or gpus else "CPU, as there is no GPU"
    device = {"auto": f"auto: {found}"}.get(train.device, train.device)
    lines = {
        "data": job.data,
        "network": train.network,
        **({"goes on": _tail(train)} if train.tail else {}),
        "recipe": f"{job.recipe}: {count(train.epochs, 'epoch')}, batch {train.batch_size}, {train.optimizer} at "
        f"{train.learning_rate:g}, {train.schedule}, seed {train.seed}",
        **({"calibrate": describe_search(job.config.calibrate, train)} if job.config.calibrate else {}),
        "device": f"{device}; precision {train.precision}",
        "stack": stack,
        **({"resources": resources} if resources else {}),
        "model": job.config.model.name,
        "versions": f"Python {platform.python_version()}, {versions}",
        "state": state_folder(),
    }
    return "\n".join([f"run {job.run_name}", *(f"  {name:<10}{text}" for name, text in lines.items())])


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
    from operations.parent import check_parent  # imports ZenML

    check_parent(config, digest)


def initial_digest(address: str) -> str:
    """Digest of the weights that `train.init` names.

    Args:
        address: A path, or the address of a registered model.

    Raises:
        InputError: If they are missing.
    """
    from operations.initial_weights import resolve_initial  # imports MLflow

    return resolve_initial(address).digest


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
