"""A lock that commands on several machines share, kept in MLflow's registry.

The entity is a registered model of a reserved name, because MLflow makes it with its tags in one transaction and
refuses to make it twice. It exists while the lock is held. Its holder gives signs of life; whoever waits and sees none
for a whole lease, by a clock of its own as in Kubernetes' leader election (so that clocks need not agree), renames it
after its dead holder. As no two entities have one name, only one of those who wait can do so. Its holder lets go in the
same way, so that a request which MLflow's client repeats, since its answer was lost, cannot touch the next holder's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from operations.platform.console import echo
from operations.platform.identity import identity
from operations.tracking.paging import mlflow_pages
from recognition.errors import RecognitionError

if TYPE_CHECKING:
    from mlflow import MlflowClient

PREFIX = "recognition-lock."  # names of models that are none
HOLDER, WHO, BEAT = "holder", "who", "beat"
LEASE = 60.0  # seconds without a sign of life after which a holder counts as dead
BEATS = 4  # signs of life in that time
POLL = 0.5  # seconds between two looks at a lock that is held
GRAVE_AGE = 86_400.0  # seconds for which a dead holder's entity is kept: whoever took it for alive must have moved on


class _Seen(NamedTuple):
    holder: str
    who: str
    beat: str
    made: int  # by the server's clock: a creation that arrives again after all that followed it makes another entity


@contextmanager
def leased(client: MlflowClient, name: str) -> Iterator[Callable[[], None]]:
    """Hold a lock while the block runs; waits until it is free or its holder is dead.

    Args:
        client: A client of the server that everyone shares.
        name: What is locked.

    Yields:
        A check for before a change: it raises RecognitionError where the lock was lost, as to a machine that slept.

    Raises:
        RecognitionError: Its holder is dead, and this user may not free it.
    """
    lease = _Lease(client, f"{PREFIX}{name}")
    ended = threading.Event()
    heart = threading.Thread(target=lease.beat, args=(ended,), daemon=True)
    try:
        lease.acquire()
        heart.start()
        yield lease.check
    finally:
        ended.set()
        lease.release()


class _Lease:
    def __init__(self, client: MlflowClient, entity: str) -> None:
        self._client, self._entity, self._token = client, entity, uuid4().hex
        self._last_sign = time.monotonic()
        self._slept = False  # so long that others may have taken it for dead

    def acquire(self) -> None:
        seen, since, told = None, time.monotonic(), False
        self._last_sign = time.monotonic()
        while not self._create():
            now = _look(self._client, self._entity)
            if now is not None and now.holder == self._token:  # it was made, and only the answer was lost
                break
            if now is not None and now == seen and time.monotonic() - since >= LEASE:
                _bury(self._client, self._entity, now)
            if now != seen:
                seen, since = now, time.monotonic()
            if now is not None and not told:
                echo(f"waiting for {now.who}, who changes the registry")
                told = True
            time.sleep(POLL)
            self._last_sign = time.monotonic()

    def _create(self) -> bool:
        """Make the entity: whether that went well.

        Where its holder lets go of it while the server looks at what is in the way, MLflow says that it does not exist.
        """
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(self._entity, tags={HOLDER: self._token, WHO: identity(), BEAT: "0"})
        except MlflowException as error:
            if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"):
                raise
            return False
        return True

    def beat(self, ended: threading.Event) -> None:
        """Give signs of life until the block has ended or the lock is another's."""
        from mlflow.exceptions import MlflowException

        count = 0
        while not ended.wait(LEASE / BEATS):
            with suppress(MlflowException):  # a server that is away for less than the lease does no harm
                if not self._is_ours():
                    return
                count += 1
                self._client.set_registered_model_tag(self._entity, BEAT, str(count))
                self._sign()

    def _sign(self) -> None:
        now = time.monotonic()
        self._slept = self._slept or now - self._last_sign >= LEASE / 2
        self._last_sign = now

    def release(self) -> None:
        """Rename the entity, which cannot be done twice, and remove it where nobody can be about to bury it."""
        from mlflow.exceptions import MlflowException

        with suppress(MlflowException):  # it lapses by itself, and an error of the block is not to be hidden
            ours = _look(self._client, self._entity)
            if ours is not None and ours.holder == self._token:
                self._client.rename_registered_model(self._entity, _grave(self._entity, ours))
                self._sign()
                if not self._slept:
                    self._client.delete_registered_model(_grave(self._entity, ours))

    def check(self) -> None:
        if not self._is_ours():
            raise RecognitionError(
                "another command took over the registry's lock, as this one gave no sign of life",
                expected=f"a sign of life every {LEASE:.0f} s",
                remedy="run the same command again: what is finished is not repeated",
            )

    def _is_ours(self) -> bool:
        seen = _look(self._client, self._entity)
        return seen is not None and seen.holder == self._token


def _grave(entity: str, seen: _Seen) -> str:
    return f"{entity}.{seen.holder}.{seen.made}"


def _look(client: MlflowClient, entity: str) -> _Seen | None:
    from mlflow.exceptions import MlflowException

    try:
        found = client.get_registered_model(entity)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    tags = found.tags
    return _Seen(tags.get(HOLDER, ""), tags.get(WHO, "someone"), tags.get(BEAT, ""), found.creation_timestamp)


def _bury(client: MlflowClient, entity: str, dead: _Seen) -> None:
    """Free the lock of a dead holder, once: the second who tries finds the new name taken, whoever holds it by then."""
    from mlflow.exceptions import MlflowException

    try:
        client.rename_registered_model(entity, _grave(entity, dead))
    except MlflowException as error:
        if error.error_code == "PERMISSION_DENIED":
            raise RecognitionError(
                f"the registry is locked by {dead.who}, who gives no sign of life, and this user may not free it",
                received=str(error),
                expected=f"the right to rename the registered model {entity}",
                remedy=f"ask who may to delete {entity} in MLflow, once nobody works there",
            ) from None
        return  # another was faster; if the server is gone, the next look tells
    echo(f"the lock of {dead.who} is free: no sign of life for {LEASE:.0f} s")
    with suppress(MlflowException):
        _sweep(client, entity, client.get_registered_model(_grave(entity, dead)).last_updated_timestamp)


def _sweep(client: MlflowClient, entity: str, now: float) -> None:
    """Remove old graves; `now` is by the server's clock, as their times are, in milliseconds."""
    from mlflow.exceptions import MlflowException

    for grave in mlflow_pages(client.search_registered_models, f"name LIKE '{PREFIX}%'"):
        if grave.name.startswith(f"{entity}.") and now - grave.last_updated_timestamp > GRAVE_AGE * 1000:
            with suppress(MlflowException):
                client.delete_registered_model(grave.name)
