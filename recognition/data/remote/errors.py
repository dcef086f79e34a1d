"""What the storages' clients raise, as errors that a person can act on."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from recognition.data.remote.address import REMEDY, redacted
from recognition.errors import InputError, RecognitionError

# Names of classes, so that no client is imported for them, and statuses of HTTP; the first match counts
KINDS = (
    (
        "Credential|Token|SSO|ProfileNotFound",
        "There are no credentials for {}",
        f"{REMEDY}; FSSPEC_S3_ANON=true reads a public bucket",
    ),
    (
        "PermissionError|HTTP40[137]",
        "{} may not be read",
        "check the credentials (for S3 AWS_ACCESS_KEY_ID or AWS_PROFILE) and what they allow",
    ),
    (
        "Connection|Timeout|gaierror|HTTPClient|ClientPayload|HTTP5",
        "{} cannot be reached",
        "check the network and the address, for S3 also AWS_ENDPOINT_URL",
    ),
    ("FileNotFound|NotADirectory", "{} does not exist", "check the address"),
    ("", "{} cannot be read", "check the address and the server"),
)


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn whatever a client raises into an InputError without its cause, which may hold secrets; no space stays so."""
    try:
        yield
    except RecognitionError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise _explanation(where, list(_causes(error))) from None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _explanation(where: str, causes: list[BaseException]) -> InputError:
    kinds = [kind.__name__ for cause in causes for kind in type(cause).__mro__]
    words = " ".join([*kinds, *(f"HTTP{getattr(cause, 'status', '')}" for cause in causes)])
    problem, remedy = next(texts for pattern, *texts in KINDS if re.search(pattern, words))
    return InputError(problem.format(where), received=_received(causes), remedy=remedy)


def _received(causes: list[BaseException]) -> str:
    """The most telling message; "not found" mostly wraps what really happened."""
    error = causes[1] if isinstance(causes[0], FileNotFoundError) and len(causes) > 1 else causes[0]
    first = (str(error).strip() or "no message").splitlines()[0]
    return f"{type(error).__name__}: {redacted(first)[:300]}"
