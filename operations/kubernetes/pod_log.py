"""A pod's log, read piece by piece: no line twice, none lost, and none told before its end."""

from __future__ import annotations

import math
import time

from operations.kubernetes.cluster import Cluster, is_missing

OVERLAP = 10  # seconds that are read twice, for what was written while the last answer was on its way


class PodLog:
    """What the main container of a pod prints.

    A server keeps each line with its time, and tells the lines of so many seconds. Seconds are counted here from one
    read to the next, so that clocks need not agree; the times only tell one line from another.

    Args:
        cluster: Where it is.
        namespace: The pod's.
        pod: Its name.
    """

    def __init__(self, cluster: Cluster, namespace: str, pod: str) -> None:
        self._read, self._namespace, self._pod = cluster.core.read_namespaced_pod_log, namespace, pod
        self._told_until: float | None = None  # when everything written before was told
        self._last = ""  # line that was told, with its time

    def new_lines(self, has_ended: bool) -> list[str]:
        """Lines since the last call; one without an end waits for it, or for the end of the pod.

        Args:
            has_ended: Whether the pod prints nothing any more.
        """
        now = time.monotonic()
        lines = self._text(now).split("\n")
        unfinished = lines.pop()
        if unfinished and has_ended:
            lines.append(unfinished)
        elif not unfinished:
            self._told_until = now
        told = len(lines) - lines[::-1].index(self._last) if self._last in lines else 0
        self._last = lines[-1] if lines else self._last
        return [part for line in lines[told:] for part in line.partition(" ")[2].splitlines() or [""]]

    def _text(self, now: float) -> str:
        """The client makes "b'…'" of what it decodes itself."""
        from kubernetes.client import ApiException

        seconds = {} if self._told_until is None else {"since_seconds": math.ceil(now - self._told_until) + OVERLAP}
        try:
            answer = self._read(
                self._pod, self._namespace, container="main", timestamps=True, _preload_content=False, **seconds
            )
        except ApiException as error:
            if is_missing(error) or error.status == 400:  # gone, or not begun
                return ""
            raise
        return bytes(answer.data).decode(errors="replace")
