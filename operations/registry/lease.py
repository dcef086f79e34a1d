"""A lock that commands on several machines share, kept in MLflow's registry.

The entity is a registered model of a reserved name, because MLflow makes it with its tags in one transaction and
refuses to make it twice. It exists while the lock is held. Its holder gives signs of life; whoever waits and sees none
for a whole lease, by a clock of its own as in Kubernetes' leader election (so that clocks need not agree), renames it
after its dead holder. As no two entities have one name, only one of those who wait can do so.
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


@contextmanager
def leased(client: MlflowClient, name: str) -> Iterator[Callable[[], None]]:
    """Hold a lock while the block runs; waits until it is free or its holder is dead.

    Args:
        client: A client of the server that everyone shares.
        name: What is locked.

    Yields:
        A check for before a change: it raises RecognitionError where the lock was lost, as to a machine that slept.
    """
    entity, token = f"{PREFIX}{name}", uuid4().hex
    ended = threading.Event()
    heart = threading.Thread(target=_beat, args=(client, entity, token, ended), daemon=True)
    try:
        _acquire(client, entity, token)
        heart.start()
        yield lambda: _check(client, entity, token)
    finally:
        ended.set()
        _release(client, entity, token)


def _acquire(client: MlflowClient, entity: str, token: str) -> None:
    seen, since, told = None, time.monotonic(), False
    while not _create(client, entity, token):
        now = _look(client, entity)
        if now is None:
            continue
        if now.holder == token:  # it was made, and only the answer was lost
            return
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since >= LEASE:
            _bury(client, entity, now)
            continue
        if not told:
            echo(f"waiting for {now.who}, who changes the registry")
            told = True
        time.sleep(POLL)


def _create(client: MlflowClient, entity: str, token: str) -> bool:
    """Make the entity: whether that went well.

    Where its holder lets go of it while the server looks at what is in the way, MLflow says that it does not exist.
    """
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(entity, tags={HOLDER: token, WHO: identity(), BEAT: "0"})
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"):
            raise
        return False
    return True


def _look(client: MlflowClient, entity: str) -> _Seen | None:
    from mlflow.exceptions import MlflowException

    try:
        tags = client.get_registered_model(entity).tags
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    return _Seen(tags.get(HOLDER, ""), tags.get(WHO, "someone"), tags.get(BEAT, ""))


def _bury(client: MlflowClient, entity: str, dead: _Seen) -> None:
    """Free the lock of a dead holder, once: the second who tries finds the new name taken, whoever holds it by then."""
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):  # another was faster; if the server is gone, the next look tells
        client.rename_registered_model(entity, f"{entity}.{dead.holder}")
        echo(f"the lock of {dead.who} is free: no sign of life for {LEASE:.0f} s")
    graves = client.search_registered_models(f"name LIKE '{PREFIX}%'")
    for grave in graves:
        if grave.name.startswith(f"{entity}.") and time.time() - grave.last_updated_timestamp / 1000 > GRAVE_AGE:
            with suppress(MlflowException):
                client.delete_registered_model(grave.name)


def _release(client: MlflowClient, entity: str, token: str) -> None:
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):  # it lapses by itself, and an error of the block is not to be hidden
        if _is_ours(client, entity, token):
            client.delete_registered_model(entity)


def _beat(client: MlflowClient, entity: str, token: str, ended: threading.Event) -> None:
    """Give signs of life until the block has ended or the lock is another's."""
    from mlflow.exceptions import MlflowException

    count = 0
    while not ended.wait(LEASE / BEATS):
        with suppress(MlflowException):  # a server that is away for less than the lease does no harm
            if not _is_ours(client, entity, token):
                return
            count += 1
            client.set_registered_model_tag(entity, BEAT, str(count))


def _is_ours(client: MlflowClient, entity: str, token: str) -> bool:
    seen = _look(client, entity)
    return seen is not None and seen.holder == token


def _check(client: MlflowClient, entity: str, token: str) -> None:
    if not _is_ours(client, entity, token):
        raise RecognitionError(
            "another command took over the registry's lock, as this one gave no sign of life",
            expected=f"a sign of life every {LEASE:.0f} s",
            remedy="run the same command again: what is finished is not repeated",
        )
