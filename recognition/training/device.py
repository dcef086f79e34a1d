"""Which device trains, at which precision, and why."""

from __future__ import annotations

from dataclasses import dataclass

from recognition.errors import InputError
from recognition.training.gpu import GpuProblem, gpu_problem, read_driver
from recognition.training.processor import multiplies_bfloat16

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
    return len(read_driver().gpus)


def check_requested(device: str) -> None:
    """Refuse `device: gpu` where the driver has no GPU that TensorFlow can use, before anything heavy is imported.

    Raises:
        InputError: If a GPU is asked for and there is none, or none with a driver, a compute capability and a free
            memory that suffice.
    """
    problem = gpu_problem(read_driver()) if device == "gpu" else None
    if problem:
        raise _no_gpu(problem)


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
        raise _no_gpu(_why_unseen())
    if not gpus:
        policy, why = choose_precision(precision, _cpu_precision())
        return Device("cpu", "/CPU:0", policy, f"{_cpu_reason(device)}; {why}")
    details = tf.config.experimental.get_device_details(gpus[0])
    capability = details.get("compute_capability")
    policy, why = choose_precision(precision, gpu_precision(capability))
    return Device(f"gpu: {details.get('device_name', 'unnamed')}", "/GPU:0", policy, why + _unknown_kind(capability))


def choose_precision(precision: str, suitable: tuple[str, str]) -> tuple[str, str]:
    """The dtype policy and the reason for it.

    Args:
        precision: "auto" or a Keras dtype policy, which is then taken as it is.
        suitable: What suits the device, and why.
    """
    return suitable if precision == "auto" else (precision, f"{precision} as configured")


def gpu_precision(capability: tuple[int, int] | None) -> tuple[str, str]:
    """The dtype policy that suits a GPU, and why.

    Args:
        capability: Its compute capability; None where it does not tell.
    """
    if capability is None:
        return "float32", "float32 for a GPU of unknown compute capability"
    text = ".".join(map(str, capability))
    if capability >= BFLOAT16_CAPABILITY:
        return "mixed_bfloat16", f"bfloat16 for compute capability {text}"
    if capability >= FLOAT16_CAPABILITY:
        return "mixed_float16", f"float16 for compute capability {text}"
    return "float32", f"float32 for compute capability {text}"


def _cpu_precision() -> tuple[str, str]:
    if multiplies_bfloat16():
        return "mixed_bfloat16", "bfloat16 for a processor with AMX"
    return "float32", "float32 on a CPU without AMX"


def _cpu_reason(device: str) -> str:
    if device == "cpu":
        return "CPU as configured"
    if driver_gpus():
        return f"CPU, ALTHOUGH THE DRIVER SEES A GPU: {_why_unseen().cause} (is the `gpu` extra installed?)"
    return "CPU, as there is no GPU"


def _unknown_kind(capability: tuple[int, int] | None) -> str:
    """A warning about GPUs newer than those that TensorFlow was built for, which need not work; else nothing."""
    import tensorflow as tf

    built_for = tf.sysconfig.get_build_info().get("cuda_compute_capabilities", [])
    newest = max((int(each.rpartition("_")[2]) // 10 for each in built_for), default=None)
    if capability is None or newest is None or capability[0] <= newest:
        return ""
    text = ".".join(map(str, capability))
    return f"; THIS TENSORFLOW WAS BUILT BEFORE GPUS OF COMPUTE CAPABILITY {text}: if it fails, see docs/gpu.md"


def _why_unseen() -> GpuProblem:
    """Why TensorFlow lists no GPU."""
    import tensorflow as tf

    if problem := gpu_problem(read_driver()):
        return problem
    build = tf.sysconfig.get_build_info()
    cause = "it is built without CUDA" if not build.get("cuda_version") else "the CUDA libraries do not load"
    return GpuProblem(f"TensorFlow finds no GPU, as {cause}", "install the `gpu` extra (make train EXTRA=gpu)")


def _no_gpu(problem: GpuProblem) -> InputError:
    return InputError(
        f"train.device is gpu, but {problem.cause}",
        received="train.device: gpu",
        expected="an NVIDIA GPU with its driver, and this project's `gpu` extra installed (docs/gpu.md)",
        remedy=f"{problem.remedy}, or set train.device to auto or cpu",
    )
