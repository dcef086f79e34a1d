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
from recognition.training.distribution import join_cluster, requested_cluster
from recognition.training.train import train


def join(job: Job) -> None:
    """Meet the other workers, where TF_CONFIG names any, before anything else uses TensorFlow."""
    if (cluster := _cluster(job)) is not None:
        load_tensorflow(job.config.resources.threads)
        say(f"worker {cluster[1] + 1} of {len(cluster[0])}: waiting for the others")
        join_cluster()


def is_shared(job: Job) -> bool:
    """Whether several workers train."""
    return _cluster(job) is not None


def is_chief(job: Job) -> bool:
    """Whether this process runs the pipeline."""
    cluster = _cluster(job)
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
        train(dataset, plan, config.train, metric, folder, progress, every_seconds=every_seconds, initial=begin)
    say("this worker is done; the chief evaluates and registers")


def _cluster(job: Job) -> tuple[list[str], int] | None:
    return requested_cluster() if job.config.train.strategy in ("auto", "multi_worker") else None
