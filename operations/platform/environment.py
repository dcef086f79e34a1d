"""The environment of a run: one state folder, nothing that phones home, quiet libraries."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recognition.errors import InputError

PROJECT = Path(__file__).resolve().parents[2]
STATE_VARIABLE = "RECOGNITION_STATE"
WORKERS_PATIENCE = "RECOGNITION_WORKERS_PATIENCE"  # seconds that a training waits for the pods that share it
GPUS_VARIABLE = "RECOGNITION_GPUS"  # how many a step has to find

OFFLINE = {
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_AUTO_OPEN_DASHBOARD": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}
LIBRARIES_QUIET = {
    "ZENML_ENABLE_RICH_TRACEBACK": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "GIT_PYTHON_REFRESH": "quiet",
}
QUIET = {
    "ZENML_ENABLE_REPO_INIT_WARNINGS": "false",
    "ZENML_LOGGING_VERBOSITY": "CRITICAL",
    "ZENML_DISABLE_STEP_NAMES_IN_LOGS": "true",
    **LIBRARIES_QUIET,
}
PATIENCE = {  # MLflow's own is four minutes for a server that is down, and longer for one that hangs
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",  # seconds
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
SAFE = {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}


def state_folder() -> Path:
    """The one folder that holds databases, artifacts, checkpoints and downloads."""
    return Path(os.environ.get(STATE_VARIABLE) or PROJECT / ".recognition").expanduser().resolve()


def data_cache() -> Path:
    """Where downloaded data sets are kept."""
    return state_folder() / "data"


def zenml_environment() -> dict[str, str]:
    """What lets ZenML see our state; empty where the user points ZenML somewhere else."""
    if os.environ.get("ZENML_STORE_URL"):
        return {}
    return {"ZENML_CONFIG_PATH": os.environ.get("ZENML_CONFIG_PATH") or str(state_folder() / "zenml")}


def prepare_environment(debug: bool = False) -> None:
    """Set the environment variables of ZenML, MLflow and TensorFlow, before any of them is imported.

    What the user has set stays, telemetry included.

    Args:
        debug: Let the libraries speak.
    """
    settings = {**OFFLINE, **SAFE, **PATIENCE, **zenml_environment(), **({} if debug else QUIET)}
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    _show_own_messages()
    if not debug:
        warnings.filterwarnings("ignore")
        for name in ("alembic", "urllib3"):  # the latter tells of each attempt to reach a server
            logging.getLogger(name).setLevel(logging.ERROR)


def _show_own_messages() -> None:
    """Print what the library has to say, such as that it downloads, as plain lines."""
    logger = logging.getLogger("recognition")
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())  # stderr: the plan comes first on stdout
    logger.setLevel(logging.INFO)
    logger.propagate = False


def keep_step_logs() -> None:
    """Let ZenML store what steps print: it does so only where the root logger hears of it, which QUIET turned off.

    To be called once ZenML is imported; its own messages stay off the terminal.
    """
    if os.environ.get("ZENML_LOGGING_VERBOSITY") != QUIET["ZENML_LOGGING_VERBOSITY"]:
        return
    logging.root.setLevel(logging.INFO)
    for handler in logging.root.handlers:
        handler.setLevel(logging.CRITICAL)


def limit_threads(threads: int | None) -> None:
    """Let TensorFlow use this many threads; works until TensorFlow is first used."""
    if threads is not None:
        os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(threads)


def check_writable(folder: Path, purpose: str) -> None:
    """Make a folder and write a byte to it.

    Args:
        folder: The folder.
        purpose: What it is for, for the message.

    Raises:
        InputError: If it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0")
            file.flush()
    except OSError as error:
        reason = "not a folder" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror
        other = f"set {STATE_VARIABLE} to another folder" if folder == state_folder() else "name another folder"
        raise InputError(
            f"the {purpose} cannot be written",
            received=f"{folder} ({reason})",
            expected="a folder that can be written, with space left",
            remedy=f"mend its permissions or make room, or {other}",
        ) from error


@contextmanager
def silenced() -> Iterator[None]:
    """Keep a library's native code from writing to stderr, unless the user debugs.

    TensorFlow's start-up lines come before any setting of its own is read.
    """
    if os.environ.get("ZENML_LOGGING_VERBOSITY") != QUIET["ZENML_LOGGING_VERBOSITY"]:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def load_tensorflow(threads: int | None = None) -> None:
    """Import TensorFlow quietly.

    Args:
        threads: How many threads it may use, None for every core; only the first call can set it.

    Raises:
        InputError: If a pod that asked for GPUs does not have them: it is paid for, and never trains without.
    """
    limit_threads(threads)
    with silenced():
        import tensorflow as tf

        found = len(tf.config.list_physical_devices("GPU"))
    asked_for = int(os.environ.get(GPUS_VARIABLE) or 0)
    if found < asked_for:
        raise InputError(
            "the step's pod has fewer GPUs than resources.gpus asks for",
            received=f"{found} that TensorFlow can use",
            expected=str(asked_for),
            remedy="name an image with CUDA (VARIANT=gpu) as gpu_image in the stack's file, see to NVIDIA's container "
            "runtime on the node, or set resources.gpus to 0",
        )
