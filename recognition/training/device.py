"""Which device trains, at which precision, and why."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass

from recognition.errors import InputError

BFLOAT16_CAPABILITY = (8, 0)  # first NVIDIA compute capability with bfloat16 units
FLOAT16_CAPABILITY = (7, 0)  # first with float16 tensor cores


@dataclass(frozen=True)
class Device:
    """The device taken and the precision it computes in.

    Attributes:
        name: "cpu" or "gpu: NAME".
        address: TensorFlow's device string.
        precision: A Keras dtype policy.
        reason: Why this device and this precision.
    """

    name: str
    address: str
    precision: str
    reason: str


def driver_gpus() -> int:
    """Number of GPUs that the NVIDIA driver sees, in milliseconds and without TensorFlow; 0 without a driver."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def check_requested(device: str) -> None:
    """Refuse `device: gpu` where the driver sees no GPU, before anything heavy is imported.

    Raises:
        InputError: If a GPU is asked for and there is none.
    """
    if device == "gpu" and driver_gpus() == 0:
        raise _no_gpu("the NVIDIA driver sees no GPU on this machine")


def choose_device(device: str, precision: str) -> Device:
    """Choose from what TensorFlow really has.

    Args:
        device: "auto", "cpu" or "gpu".
        precision: "auto" or a Keras dtype policy.

    Raises:
        InputError: If a GPU is asked for and TensorFlow has none.
    """
    import tensorflow as tf

    gpus = [] if device == "cpu" else tf.config.list_physical_devices("GPU")
    if device == "gpu" and not gpus:
        raise _no_gpu("TensorFlow finds no GPU")
    if not gpus:
        policy, why = choose_precision(precision, None)
        return Device("cpu", "/CPU:0", policy, f"{_cpu_reason(device)}; {why}")
    details = tf.config.experimental.get_device_details(gpus[0])
    policy, why = choose_precision(precision, details.get("compute_capability"))
    return Device(f"gpu: {details.get('device_name', 'unnamed')}", "/GPU:0", policy, why)


def choose_precision(precision: str, capability: tuple[int, int] | None) -> tuple[str, str]:
    """The dtype policy and the reason for it.

    Args:
        precision: "auto" or a Keras dtype policy, which is then taken as it is.
        capability: Compute capability of the GPU, None for a CPU.
    """
    if precision != "auto":
        return precision, f"{precision} as configured"
    if capability is None:
        return "float32", "float32 on a CPU"
    text = ".".join(map(str, capability))
    if capability >= BFLOAT16_CAPABILITY:
        return "mixed_bfloat16", f"bfloat16 for compute capability {text}"
    if capability >= FLOAT16_CAPABILITY:
        return "mixed_float16", f"float16 for compute capability {text}"
    return "float32", f"float32 for compute capability {text}"


def _cpu_reason(device: str) -> str:
    if device == "cpu":
        return "CPU as configured"
    if driver_gpus():
        return "CPU, ALTHOUGH THE DRIVER SEES A GPU: TensorFlow cannot use it (is the `gpu` extra installed?)"
    return "CPU, as there is no GPU"


def _no_gpu(problem: str) -> InputError:
    return InputError(
        f"train.device is gpu, but {problem}",
        received="train.device: gpu",
        expected="an NVIDIA GPU with its driver, and this project's `gpu` extra installed",
        remedy="install the driver, or set train.device to auto or cpu",
    )
