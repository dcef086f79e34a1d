"""Software and hardware that a training's numbers depend on, besides code, data and configuration."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from operations.platform.code import LIBRARIES
from recognition.training.gpu import read_driver

MACHINE = "machine"  # metadata of a history: what `machine_facts` said where it was trained
PACKAGES = (*LIBRARIES, "h5py", "mlflow", "zenml")
CPU_INFO = Path("/proc/cpuinfo")
VARIABLES = (  # that change how TensorFlow and the libraries below it compute
    *("CUDA_VISIBLE_DEVICES", "MKL_NUM_THREADS", "NVIDIA_TF32_OVERRIDE", "OMP_NUM_THREADS", "ONEDNN_MAX_CPU_ISA"),
    *("TF_CUDNN_DETERMINISTIC", "TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS", "TF_NUM_INTEROP_THREADS"),
    *("TF_NUM_INTRAOP_THREADS", "TF_XLA_FLAGS", "XLA_FLAGS"),
)


def machine_facts() -> dict[str, str]:
    """What this process computes with, by name: packages, Python, system, processor, cores, GPUs, set variables."""
    facts = {f"package {name}": found for name in PACKAGES if (found := _version(name))}
    facts |= {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    facts |= {"processor": _processor(), "cores": str(len(os.sched_getaffinity(0)))}
    gpus = [gpu.name for gpu in read_driver().gpus]
    facts |= {"gpus": ", ".join(gpus) or "none"}
    return facts | {f"variable {name}": os.environ[name] for name in VARIABLES if name in os.environ}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    """The processor's name; libraries choose their instructions by it."""
    lines = CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines() if CPU_INFO.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown"
