"""The command as one of several workers: the chief runs the pipeline, the others train with it and nothing else."""

from __future__ import annotations

from operations.checkpoints import Training, shared_folder, training_identity
from operations.code import code_hash
from operations.console import TrainingProgress, say
from operations.environment import data_cache, load_tensorflow
from operations.initial_weights import load_initial
from operations.job import Job
from operations.termination import terminable
from recognition.augmentation.plan import resolve_plan
from recognition.data.preload import take_dataset
from recognition.training.distribution import cluster_of, join_cluster
from recognition.training.task import Task
from recognition.training.train import train


def join(job: Job) -> None:
    """Meet the other workers, where TF_CONFIG names any, before anything else uses TensorFlow."""
    if (cluster := cluster_of(job.config.train)) is not None:
        load_tensorflow(job.config.resources.threads)
        say(f"worker {cluster[1] + 1} of {len(cluster[0])}: waiting for the others")
        join_cluster()


def is_shared(job: Job) -> bool:
    """Whether several workers train."""
    return cluster_of(job.config.train) is not None


def is_chief(job: Job) -> bool:
    """Whether this process runs the pipeline."""
    cluster = cluster_of(job.config.train)
    return cluster is None or cluster[1] == 0


def work(job: Job) -> None:
    """Train with the chief, whose pipeline keeps what comes of it.

    Args:
        job: The same that the chief runs.
    """
    config, metric = job.config, job.config.evaluation.metric
    dataset = take_dataset(config.data, data_cache())
    plan = resolve_plan(config.augmentation, dataset.splits["train"])
    code, initial = code_hash("steps.train"), job.initial
    identity = training_identity(dataset.digest, plan.options, config.train, metric, None, code, initial)
    folder = shared_folder(Training("", {**identity, "plan": plan.digest}))
    with terminable() as terminated:
        progress = TrainingProgress(metric, terminated)
        every_seconds = config.checkpoint.every_seconds
        begin = load_initial(config.train.init, initial) if config.train.init else None
        train(Task(dataset, plan, config.train, metric, begin), folder, progress, every_seconds=every_seconds)
    say("this worker is done; the chief evaluates and registers")
