"""The command as one of several workers: the chief runs the pipeline, the others train with it and nothing else."""

from __future__ import annotations

from operations.platform.code import code_hash
from operations.platform.console import echo
from operations.platform.environment import data_cache, load_tensorflow
from operations.platform.termination import terminable
from operations.runs.job import TrainingJob
from operations.training.folder import shared_folder
from operations.training.identity import TrainingIdentity
from operations.training.initial_weights import load_initial
from operations.training.progress import TrainingProgress
from operations.training.task import Training
from recognition.augmentation.plan import AugmentationPlan, resolve_plan
from recognition.configuration.sections.checkpoint import CheckpointConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.data.preload import take_dataset
from recognition.training.distribution import cluster_of, join_cluster
from recognition.training.task import Task
from recognition.training.train import train


def join(config: TrainConfig, threads: int | None) -> None:
    """Meet the other workers, where TF_CONFIG names any, before anything else uses TensorFlow.

    Args:
        config: The recipe.
        threads: How many TensorFlow may use; None for every core.
    """
    if (cluster := cluster_of(config)) is not None:
        load_tensorflow(threads)
        echo(f"worker {cluster[1] + 1} of {len(cluster[0])}: waiting for the others")
        join_cluster()


def has_others(job: TrainingJob) -> bool:
    """Whether this process is one of several workers."""
    return cluster_of(job.config.train) is not None


def is_chief(job: TrainingJob) -> bool:
    """Whether this process runs the pipeline."""
    cluster = cluster_of(job.config.train)
    return cluster is None or cluster[1] == 0


def work(job: TrainingJob) -> None:
    """Train with the chief, whose pipeline keeps what comes of it.

    Args:
        job: The same that the chief runs.
    """
    config = job.config
    dataset = take_dataset(config.data, data_cache())
    plan = resolve_plan(config.augmentation, dataset.splits["train"])
    code = code_hash("steps.train")
    train_along(dataset, plan, config.train, config.evaluation.metric, config.checkpoint, code, job.initial)


def train_along(
    dataset: ImageDataset,
    plan: AugmentationPlan,
    config: TrainConfig,
    metric: str,
    checkpoint: CheckpointConfig,
    code: str,
    initial: str,
    origin: str = "",
) -> None:
    """Train with the chief; arguments as of the train step, and the chief's origin where it is known."""
    begin = load_initial(config.init, initial) if config.init else None
    task = Task(dataset, plan, config, metric, begin)
    folder = shared_folder(Training("", TrainingIdentity.of_task(task, code, initial), origin))
    with terminable() as terminated:
        train(task, folder, TrainingProgress(metric, terminated), every_seconds=checkpoint.every_seconds)
    echo("this worker is done; the chief evaluates and registers")
