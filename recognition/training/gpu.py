"""What NVIDIA's driver says of its GPUs: whether TensorFlow can use them, how busy they are, and when memory runs out.

The driver is asked in milliseconds and before TensorFlow is imported: through libcuda (the CUDA driver API, which alone
knows what CUDA makes of the GPUs), and through NVML, which `nvidia-smi` is made of, by NVIDIA's own package. Where one
is missing, there is no GPU, or less to tell.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import pynvml

from recognition.errors import TrainingError

OLDEST_CUDA = (12, 0)  # TensorFlow 2.21 is built for CUDA 12.5; drivers serve a whole major version
OLDEST_DRIVER = "525.60.13"  # NVIDIA's first for CUDA 12, on Linux
LOWEST_CAPABILITY = (6, 0)  # of TensorFlow 2.21's kernels
CUDNN = "nvidia-cudnn-cu12"
PRUNED_CUDNN, PRUNED_CAPABILITY = (9, 11), (7, 5)  # from this version on cuDNN serves no older GPUs
LAST_BROAD_CUDNN = "9.10.2.21"
LEAST_MEMORY = 2**30  # bytes; CUDA's context and libraries take some hundred MB before the first image
DRIVER_MISMATCH = 803  # CUDA_ERROR_SYSTEM_DRIVER_MISMATCH
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_…


@dataclass(frozen=True)
class Gpu:
    """One GPU that CUDA may use here.

    Attributes:
        name: Such as "NVIDIA A100-SXM4-40GB".
        capability: Compute capability; (0, 0) if unknown.
        free: Bytes of memory that nobody uses; None if unknown.
        bus: PCI address, by which NVML knows it too.
    """

    name: str
    capability: tuple[int, int]
    free: int | None
    bus: bytes


@dataclass(frozen=True)
class Driver:
    """What the driver answers.

    Attributes:
        cuda: Latest CUDA version that it serves; None without a driver.
        status: Of CUDA's initialization, 0 if it went well.
        gpus: In CUDA's order, those that CUDA_VISIBLE_DEVICES hides left out.
    """

    cuda: tuple[int, int] | None
    status: int = 0
    gpus: tuple[Gpu, ...] = ()


class GpuProblem(NamedTuple):
    """Why no GPU can be used, and what to do about it."""

    cause: str
    remedy: str


def read_driver() -> Driver:
    """Ask the driver; creates nothing on a GPU."""
    cuda = _library("libcuda.so.1")
    if cuda is None:
        return Driver(None)
    thousands, rest = divmod(_asked(cuda.cuDriverGetVersion), 1000)
    status = int(cuda.cuInit(0))
    count = _asked(cuda.cuDeviceGetCount) if status == 0 else 0
    with _management():
        return Driver((thousands, rest // 10), status, tuple(_gpu(cuda, index) for index in range(count)))


def gpu_problem(driver: Driver) -> GpuProblem | None:
    """Why TensorFlow can use no GPU of this driver, None where it can use one.

    A free memory below LEAST_MEMORY counts as a problem; it is a plain bound, not a measured one.
    """
    if driver.cuda is None:
        return GpuProblem("there is no NVIDIA driver on this machine (no libcuda.so.1)", "install the driver")
    if driver.cuda < OLDEST_CUDA:
        cause = f"the NVIDIA driver is too old: it serves CUDA {_dotted(driver.cuda)}, TensorFlow needs"
        return GpuProblem(f"{cause} {_dotted(OLDEST_CUDA)}", f"install driver {OLDEST_DRIVER} or a newer one")
    if driver.status == DRIVER_MISMATCH:
        return GpuProblem("the NVIDIA driver was updated and still runs as another version", "restart the machine")
    if not driver.gpus:
        return _invisible(driver.status)
    problems = [_unusable(gpu) for gpu in driver.gpus]
    return None if None in problems else problems[0]


def gpu_usage(gpus: int = 1) -> dict[str, float]:
    """How much of the first GPUs is used; sums nothing up over time, so ask while they are busy.

    Args:
        gpus: How many of this process' GPUs train; ask for 0 on a CPU, as asking wakes TensorFlow's GPUs.

    Returns:
        "gpu_memory_peak", the most bytes that TensorFlow has used on one of them since the process began, and where
        NVML tells it "gpu_utilisation", the percentage of the last moment (up to a second) in which they computed, as a
        mean. Empty without a GPU.
    """
    import tensorflow as tf

    devices = tf.config.list_logical_devices("GPU")[:gpus] if gpus else []
    if not devices:
        return {}
    peaks = [tf.config.experimental.get_memory_info(device.name)["peak"] for device in devices]
    usage = {"gpu_memory_peak": float(max(peaks))}
    busy = _utilization(read_driver().gpus[:gpus])
    return usage | ({"gpu_utilisation": sum(busy) / len(busy)} if busy else {})


def out_of_memory_error(error: Exception, batch_size: int, accumulate: int, replicas: int = 1) -> TrainingError:
    """What to tell when memory runs out in a training step.

    Args:
        error: TensorFlow's ResourceExhaustedError.
        batch_size: The recipe's.
        accumulate: The recipe's number of batches that make one step.
        replicas: Devices that share a batch evenly.

    Returns:
        An error that names the batch size, and the next one to try: half of it, and twice as many batches a step, so
        that about as many images make a step as before; only batch norms see fewer at a time.
    """
    smaller = batch_size // 2 // replicas * replicas
    step = f"--set train.batch_size={smaller} --set train.accumulate={accumulate * 2}"
    lighter = "a smaller network or smaller images, or train.precision: auto on a GPU of compute capability 7.0 and up"
    return TrainingError(
        f"out of memory at a batch size of {batch_size}",
        received=str(getattr(error, "message", None) or error).partition("\n")[0][:200],
        expected="a training step that fits the device's memory",
        remedy=step if smaller else lighter,
    )


def _invisible(status: int) -> GpuProblem:
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    because = f"; CUDA_VISIBLE_DEVICES is {hidden!r}" if hidden is not None else ""
    because += f"; CUDA's status is {status}" if status else ""
    remedy = "see what nvidia-smi lists, and give a container its GPUs (--gpus all, or nvidia.com/gpu: 1)"
    return GpuProblem(f"the NVIDIA driver sees no GPU{because}", remedy)


def _unusable(gpu: Gpu) -> GpuProblem | None:
    lowest = _lowest_capability()
    if (0, 0) < gpu.capability < lowest:
        cause = f"{gpu.name} is of compute capability {_dotted(gpu.capability)}, at least {_dotted(lowest)} is needed"
        older = f", or pip install {CUDNN}=={LAST_BROAD_CUDNN}" if gpu.capability >= LOWEST_CAPABILITY else ""
        return GpuProblem(cause, f"use a newer GPU{older}")
    if gpu.free is not None and gpu.free < LEAST_MEMORY:
        free = f"{gpu.free / 2**20:,.0f} MiB of memory free, at least {LEAST_MEMORY / 2**20:,.0f} are needed"
        return GpuProblem(f"{gpu.name} has {free}", "end what else runs there (see nvidia-smi)")
    return None


def _lowest_capability() -> tuple[int, int]:
    try:
        major, minor, *_ = map(int, version(CUDNN).split("."))
    except PackageNotFoundError:
        return LOWEST_CAPABILITY
    return PRUNED_CAPABILITY if (major, minor) >= PRUNED_CUDNN else LOWEST_CAPABILITY


def _gpu(cuda: Any, index: int) -> Gpu:
    device = ctypes.c_int(_asked(cuda.cuDeviceGet, index))
    name, bus = ctypes.create_string_buffer(128), ctypes.create_string_buffer(32)
    cuda.cuDeviceGetName(name, len(name), device)
    cuda.cuDeviceGetPCIBusId(bus, len(bus), device)
    major, minor = (_asked(cuda.cuDeviceGetAttribute, which, device) for which in (CAPABILITY_MAJOR, CAPABILITY_MINOR))
    memory = _managed(pynvml.nvmlDeviceGetMemoryInfo, bus.value)
    return Gpu(name.value.decode(errors="replace"), (major, minor), memory.free if memory else None, bus.value)


def _utilization(gpus: tuple[Gpu, ...]) -> list[int]:
    with _management():
        rates = [_managed(pynvml.nvmlDeviceGetUtilizationRates, gpu.bus) for gpu in gpus]
    return [rate.gpu for rate in rates if rate]


def _library(name: str) -> Any:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None


@contextmanager
def _management() -> Iterator[None]:
    """NVML answers in the block, where it is there."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield
        return
    try:
        yield
    finally:
        pynvml.nvmlShutdown()


def _managed(ask: Callable[[Any], Any], bus: bytes) -> Any:
    """What NVML answers about a GPU, None where it does not."""
    with suppress(pynvml.NVMLError):
        return ask(pynvml.nvmlDeviceGetHandleByPciBusId(bus))
    return None


def _asked(function: Any, *arguments: Any) -> int:
    """A whole number that a function of CUDA writes to its first argument; 0 where it fails."""
    value = ctypes.c_int(0)
    return value.value if function(ctypes.byref(value), *arguments) == 0 else 0


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
