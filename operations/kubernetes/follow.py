"""A run on a cluster, followed from here until it ends.

ZenML does not raise when such a run fails, and the run needs nobody to watch it: whoever leaves, leaves it going.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from operations.kubernetes.cluster import connect
from operations.kubernetes.failure import failure
from operations.kubernetes.watch import Watch
from operations.platform.target import Target
from operations.platform.termination import Left
from operations.platform.unreachable import ZENML, silent_server
from operations.tracking import runs
from recognition.errors import Terminated

INTERVAL = 3.0  # seconds between looks


def follow(run_name: str, target: Target, pending_timeout: int) -> None:
    """Watch a submitted run until it ends.

    Args:
        run_name: Its name.
        target: Where it runs.
        pending_timeout: Seconds that the orchestrator's own pod may wait; those of steps have a guard beside it.

    Raises:
        RunFailed: If it failed or somebody stopped it.
        RetrainingRefused: If it refused to train.
        Left: If the run goes on without us, on Ctrl-C or SIGTERM.
        KeyboardInterrupt: If the run was stopped on Ctrl-C.
    """
    run = _find(run_name)
    watch = Watch(connect(target.context), target.namespace, str(run.id), pending_timeout)
    try:
        while (run := _ask(run_name, watch)) is None or not run.status.is_finished:
            watch.look()
            time.sleep(INTERVAL)
        watch.look()
    except KeyboardInterrupt as interruption:
        leave_or_stop(run_name, interruption)
        raise
    if not run.status.is_successful:
        raise failure(run, watch.logs, _reasons(watch))


def leave_or_stop(run_name: str, interruption: KeyboardInterrupt) -> None:
    """Ask what Ctrl-C was to mean; whoever cannot answer leaves the run going.

    Args:
        run_name: Of the run.
        interruption: Ctrl-C, or Terminated.

    Raises:
        Left: If the run goes on.
    """
    if isinstance(interruption, Terminated) or not _asks_to_stop():
        raise Left(f"run {run_name} goes on on the cluster; zenml pipeline runs stop {run_name} stops it")
    from zenml.utils.run_utils import stop_run

    with suppress(Exception):  # what ended meanwhile cannot be stopped
        stop_run(_find(run_name))
    interruption.args = (f"run {run_name} was stopped; the same command begins again",)


def _ask(run_name: str, watch: Watch) -> Any:
    """ZenML's record of a run; None where its server does not answer, which the run may outlive."""
    try:
        run = _find(run_name)
    except Exception as error:
        if silent_server(error) != ZENML:
            raise
        watch.tell(ZENML, "the ZenML server does not answer; asking again")
        return None
    watch.forget(ZENML)
    return run


def _reasons(watch: Watch) -> Mapping[str, str]:
    with suppress(Exception):  # the failure matters more than its details
        return watch.reasons()
    return {}


def _find(run_name: str) -> Any:
    run = runs.find_run(run_name)
    assert run is not None  # ZenML makes it before it submits anything
    return run


def _asks_to_stop() -> bool:
    if not sys.stdin.isatty():
        return False
    try:
        answer = input("\nstop the run on the cluster too? [y/N] ")
    except (EOFError, KeyboardInterrupt):
        return False
    return answer.strip().lower() in ("y", "yes")
