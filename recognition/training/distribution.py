"""Which devices share a batch, and what each of them does of it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from recognition.configuration.sections.train import TrainConfig
from recognition.errors import InputError
from recognition.training.device import Device

if TYPE_CHECKING:
    import tensorflow as tf

CLUSTER_VARIABLE = "TF_CONFIG"  # set by Kubernetes' training operators, or by hand


@dataclass(frozen=True)
class Distribution:
    """Devices that share each batch.

    Attributes:
        strategy: TensorFlow's; its default one for a single device.
        replicas: Number of devices, over all workers.
        workers: Number of processes.
        chief: Whether this process saves what all of them come to.
        reason: For people.
    """

    strategy: tf.distribute.Strategy
    replicas: int
    workers: int
    chief: bool
    reason: str

    @property
    def local_devices(self) -> int:
        """Number of devices in this process."""
        return self.replicas // self.workers

    def agree(self, number: int) -> bool:
        """Whether every worker has the same number; all of them must ask."""
        return set(_gathered(self.strategy, number)) == {number}


def _gathered(strategy: tf.distribute.Strategy, number: int) -> list[int]:
    """Everyone's number, one for each device."""
    import tensorflow as tf

    numbers = strategy.experimental_distribute_values_from_function(lambda _: tf.constant([number], tf.int64))
    return [int(each) for each in strategy.gather(numbers, axis=0)]


def cluster_of(config: TrainConfig) -> tuple[list[str], int] | None:
    """Addresses of the workers that a recipe is trained by and the index of this one; None for one process.

    Raises:
        InputError: TF_CONFIG is not what TensorFlow understands.
    """
    return requested_cluster() if config.strategy in ("auto", "multi_worker") else None


def requested_cluster() -> tuple[list[str], int] | None:
    """Addresses of the workers that TF_CONFIG names and the index of this one; None where it names fewer than two.

    Raises:
        InputError: It is not what TensorFlow understands.
    """
    text = os.environ.get(CLUSTER_VARIABLE, "")
    if not text.strip():
        return None
    try:
        document = json.loads(text)
        cluster, task = document["cluster"], document["task"]
        workers = [*cluster.get("chief", []), *cluster.get("worker", [])]
        index = int(task["index"]) + (len(cluster.get("chief", [])) if task["type"] == "worker" else 0)
        if task["type"] not in ("chief", "worker") or not all(isinstance(each, str) for each in workers):
            raise ValueError("only tasks of type chief and worker train")
        if not 0 <= index < len(workers):
            raise ValueError("the task's index is that of no worker")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{CLUSTER_VARIABLE} is not a training cluster ({type(error).__name__}: {error})",
            received=text[:200],
            expected='{"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}',
            remedy=f"mend it, or unset {CLUSTER_VARIABLE}",
        ) from None
    return (workers, index) if len(workers) > 1 else None


def is_shared(config: TrainConfig) -> bool:
    """Whether several processes train by a recipe: those of TF_CONFIG, or those that are yet to be started."""
    return config.workers > 1 or cluster_of(config) is not None


def check_strategy(config: TrainConfig) -> None:
    """Check what can be checked without TensorFlow, and before the workers of `train.workers` are started.

    Raises:
        InputError: Workers are asked for and TF_CONFIG names none, or others; the batch cannot be shared by them.
    """
    cluster = cluster_of(config)
    if config.workers > 1:
        _check_workers(config, cluster)
    elif config.strategy == "multi_worker" and cluster is None:
        raise InputError(
            f"train.strategy is multi_worker, but {CLUSTER_VARIABLE} names no second worker",
            received=f"{CLUSTER_VARIABLE}={os.environ.get(CLUSTER_VARIABLE, '')!r}",
            expected='{"cluster": {"worker": ["host:port", "host:port"]}, "task": {"type": "worker", "index": 0}}',
            remedy=f"set {CLUSTER_VARIABLE} on every worker, or --set train.strategy=auto",
        )
    if cluster is not None:
        require_shares(config.batch_size, len(cluster[0]))


def check_mirrored(config: TrainConfig, gpus: int) -> None:
    """Refuse `strategy: mirrored` where no two GPUs can share a batch, without TensorFlow.

    Args:
        config: The recipe.
        gpus: How many the driver sees, or the step is given.

    Raises:
        InputError: There is one device to train on.
    """
    if config.strategy == "mirrored" and (config.device == "cpu" or gpus < 2):
        raise _nothing_to_share("train.device: cpu" if config.device == "cpu" else f"{gpus} GPUs")


def _check_workers(config: TrainConfig, cluster: tuple[list[str], int] | None) -> None:
    if config.strategy not in ("auto", "multi_worker"):
        raise InputError(
            "several workers train by one strategy only",
            received=f"train.workers: {config.workers}, train.strategy: {config.strategy}",
            expected="train.strategy auto or multi_worker",
            remedy="--set train.strategy=auto, or --set train.workers=1",
        )
    if cluster is not None and len(cluster[0]) != config.workers:
        raise InputError(
            f"train.workers and {CLUSTER_VARIABLE} contradict each other",
            received=f"train.workers: {config.workers}, and {len(cluster[0])} in {CLUSTER_VARIABLE}",
            expected="the same number, or train.workers: 1",
            remedy=f"mend one of them, or unset {CLUSTER_VARIABLE}",
        )
    require_shares(config.batch_size, config.workers)


def require_shares(batch_size: int, replicas: int) -> None:
    """Check that a batch can be shared evenly.

    Raises:
        InputError: It cannot.
    """
    if batch_size % replicas:
        raise InputError(
            f"train.batch_size cannot be shared evenly by {replicas} devices",
            received=f"train.batch_size: {batch_size}",
            expected=f"a multiple of {replicas}",
            remedy=f"--set train.batch_size={max(replicas, batch_size // replicas * replicas)}",
        )


def choose_distribution(config: TrainConfig, device: Device) -> Distribution:
    """Set up what the recipe asks for; a strategy that was asked for is never replaced by another.

    Args:
        config: The recipe.
        device: The kind of device to train on.

    Raises:
        InputError: There is a single device for "mirrored"; no cluster; a batch that cannot be shared evenly.
    """
    import tensorflow as tf

    check_strategy(config)
    if (cluster := cluster_of(config)) is None and config.workers > 1:
        raise InputError(
            "the workers of this training were not started",
            received=f"train.workers: {config.workers}, and no {CLUSTER_VARIABLE}",
            expected="a run on Kubernetes, which starts them",
            remedy="--set train.workers=1",
        )
    if cluster is not None:
        chosen = _multi_worker(*cluster)
    else:
        kind = "GPU" if device.address.startswith("/GPU") else "CPU"
        devices = [each.name for each in tf.config.list_logical_devices(kind)]
        mirrored = config.strategy == "mirrored" or (config.strategy == "auto" and kind == "GPU" and len(devices) > 1)
        one = Distribution(tf.distribute.get_strategy(), 1, 1, True, "one device")
        chosen = _mirrored(devices, device) if mirrored else one
    require_shares(config.batch_size, chosen.replicas)
    return chosen


def _mirrored(devices: list[str], device: Device) -> Distribution:
    import tensorflow as tf

    if len(devices) < 2:
        raise _nothing_to_share(f"{len(devices)} x {device.name}")
    on_gpus = device.address.startswith("/GPU")
    operations = tf.distribute.NcclAllReduce() if on_gpus else tf.distribute.ReductionToOneDevice()
    strategy, count = tf.distribute.MirroredStrategy(devices, operations), len(devices)
    return Distribution(strategy, count, 1, True, f"{count} devices share each batch")


def _nothing_to_share(found: str) -> InputError:
    return InputError(
        "train.strategy is mirrored, but there is one device to train on",
        received=found,
        expected="two or more GPUs",
        remedy="--set train.strategy=auto",
    )


@lru_cache(1)
def join_cluster() -> tf.distribute.Strategy:
    """Wait for all workers of TF_CONFIG; must come before anything else uses TensorFlow's devices."""
    import tensorflow as tf

    return tf.distribute.MultiWorkerMirroredStrategy()


def _multi_worker(workers: list[str], index: int) -> Distribution:
    strategy = join_cluster()
    replicas, count = strategy.num_replicas_in_sync, len(workers)
    reason = f"worker {index + 1} of {count}; {replicas} devices share each batch"
    return Distribution(strategy, replicas, count, index == 0, reason)


def synchronize_norms(network: Any) -> None:
    """Let batch norms take their statistics over all devices' shares."""
    import keras

    from recognition.training.weights_file import leaves

    for layer in leaves(network):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True
