"""Which runs are alive on this machine, and what becomes of those that were killed."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Never

from filelock import FileLock, Timeout

from operations.platform.environment import state_folder
from operations.platform.locks import shared_lock
from operations.platform.unreachable import is_unreachable
from recognition.errors import Terminated

STOPPED, FAILED = "stopped", "failed"
SETTLED = "training_configuration"  # the artifact in which step permit names seed and initial weights
STORAGE = "storage"  # the lock that runs share, and who prunes has alone
SIGNALS = (signal.SIGINT, signal.SIGTERM)
MLFLOW_STATUS = {STOPPED: "KILLED", FAILED: "FAILED"}


@contextmanager
def alive(run_name: str) -> Iterator[None]:
    """Mark a run as alive; the mark outlasts the block, the lock on it does not outlast the process.

    Nothing is pruned meanwhile: whoever is about to prune finds the storage in use. Where the MLflow server does not
    answer, the mark stays: the next command closes the run there.

    Args:
        run_name: Name of the pipeline run.
    """
    try:
        with (
            shared_lock(STORAGE, "waiting for storage prune, which removes what no run needs"),
            FileLock(_mark(run_name)),
        ):
            yield
    except BaseException as error:
        if not is_unreachable(error):
            forget(run_name)
        raise
    forget(run_name)


def forget(run_name: str) -> None:
    """Remove the mark of a run that has ended."""
    _mark(run_name).unlink(missing_ok=True)


def close_orphans() -> list[str]:
    """Close the ZenML and MLflow runs of commands that were killed; those still running keep their lock.

    Returns:
        The names of the runs that were closed.
    """
    closed = []
    for mark in sorted(_folder().glob("*.lock")):
        lock = FileLock(mark)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        if close_run(mark.stem, STOPPED, "the command was killed"):
            closed.append(mark.stem)
        lock.release()
        mark.unlink(missing_ok=True)
    return closed


def living_runs() -> list[str]:
    """Names of the runs, and of commands that read what may be pruned, that go on on this machine."""
    return [mark.stem for mark in sorted(_folder().glob("*.lock")) if _is_held(mark)]


def _is_held(mark: Path) -> bool:
    try:
        with FileLock(mark, timeout=0):
            return False
    except Timeout:
        return True


def close_run(run_name: str, status: str, reason: str) -> bool:
    """End a run that did not end by itself, in ZenML and in MLflow.

    Args:
        run_name: Name of the pipeline run.
        status: STOPPED or FAILED.
        reason: Why, for the dashboard.

    Returns:
        Whether there was anything to end.
    """
    ended = [close_in_zenml(run_name, status, reason), close_in_mlflow(run_name, status)]
    return any(ended)


@contextmanager
def stoppable(run_name: str) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM mark the run as stopping before ZenML, which handles them during a step, calls it failed.

    Args:
        run_name: Name of the pipeline run.
    """

    def stop(signum: int, frame: FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        with suppress(Exception):  # to stop matters more than what ZenML calls it
            if _store_is_free():
                _mark_stopping(run_name)
        error = Terminated if signum == signal.SIGTERM else KeyboardInterrupt
        signal.signal(signum, raising(error))  # Python drops what is raised in a finalizer: once more
        raise error

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def raising(error: type[BaseException]) -> Callable[[int, FrameType | None], Never]:
    """A handler of signals that raises an error."""

    def handle(signum: int, frame: FrameType | None) -> Never:
        raise error

    return handle


def find_run(run_name: str) -> Any | None:
    """ZenML's record of a run, None where there is none."""
    from zenml.client import Client

    page = Client().list_pipeline_runs(name=run_name, hydrate=True)
    return page.items[0] if page.items else None


def page_of(run: Any) -> str | None:
    """Address of a run's page on the dashboard of ZenML's server; None for the local database, which has no server.

    Args:
        run: ZenML's record of the run, hydrated.
    """
    from zenml.utils.dashboard_utils import get_run_url

    return get_run_url(run)


def outputs_of(run: Any) -> dict[str, Any]:
    """ZenML's records of the artifacts of a run, by name; "configuration" is the one that a retraining settled on."""
    found = {name: version for step in run.steps.values() for name, (version, *_) in step.outputs.items()}
    return found | ({"configuration": found[SETTLED]} if SETTLED in found else {})


def _store_is_free() -> bool:
    """Whether nobody uses ZenML's SQLite file: what Ctrl-C interrupted may do so, and would be waited for in vain."""
    from zenml.client import Client

    engine = getattr(Client().zen_store, "engine", None)
    if engine is None or engine.dialect.name != "sqlite":
        return True
    try:
        with closing(sqlite3.connect(engine.url.database, timeout=1)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            connection.rollback()
    except sqlite3.OperationalError:
        return False
    return True


def _mark_stopping(run_name: str) -> None:
    from zenml.client import Client
    from zenml.enums import ExecutionStatus
    from zenml.models import StepRunUpdate
    from zenml.orchestrators import publish_utils

    run = find_run(run_name)
    if run is None or run.status.is_finished:
        return
    for step in run.steps.values():
        if not step.status.is_finished:
            update = StepRunUpdate(status=ExecutionStatus.STOPPING)
            Client().zen_store.update_run_step(step_run_id=step.id, step_run_update=update)
    publish_utils.publish_pipeline_run_status_update(run.id, ExecutionStatus.STOPPING, status_reason="interrupted")


def close_in_zenml(run_name: str, status: str, reason: str) -> bool:
    """End a run in ZenML alone; arguments and result as of `close_run`."""
    from zenml.enums import ExecutionStatus
    from zenml.exceptions import IllegalOperationError
    from zenml.orchestrators import publish_utils

    run = find_run(run_name)
    if run is None or run.status.is_finished:
        return False
    for step in run.steps.values():
        if not step.status.is_finished:
            with suppress(IllegalOperationError):  # on a cluster it may end by itself just now
                publish_utils.publish_step_run_status_update(step.id, ExecutionStatus(status))
    # ZenML makes "stopping" of a run without running steps "stopped", and refuses "stopped" itself
    requested = ExecutionStatus.STOPPING if status == STOPPED else ExecutionStatus.FAILED
    with suppress(IllegalOperationError):
        publish_utils.publish_pipeline_run_status_update(run.id, requested, status_reason=reason)
    return True


def close_in_mlflow(run_name: str, status: str) -> bool:
    """End MLflow's runs of a pipeline run, those of its parts too: whether there are any.

    Args:
        run_name: Name of the pipeline run.
        status: STOPPED or FAILED.
    """
    from operations.tracking import connection, mlflow_runs

    client = connection.connect()
    runs = [*mlflow_runs.find_parts(client, run_name), *mlflow_runs.find_runs(client, run_name)]
    for run_id in runs:
        mlflow_runs.end_run(client, run_id, MLFLOW_STATUS[status])
    return bool(runs)


def _folder() -> Path:
    return state_folder() / "runs"


def _mark(run_name: str) -> Path:
    _folder().mkdir(parents=True, exist_ok=True)
    return _folder() / f"{run_name}.lock"
