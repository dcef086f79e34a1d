import errno

import pytest

from recognition.data.remote.errors import explained
from recognition.errors import InputError


class NoCredentialsError(Exception):
    """As botocore's."""


class ClientResponseError(Exception):
    """As aiohttp's."""

    def __init__(self, status):
        super().__init__(f"{status}, url='https://user:hunter2@host/x?sig=hunter2'")
        self.status = status


def explain(error, cause=None):
    with pytest.raises(InputError) as caught, explained("s3://bucket/x"):
        raise error from cause
    return caught.value


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (NoCredentialsError("Unable to locate credentials"), "There are no credentials for s3://bucket/x"),
        (PermissionError("no"), "s3://bucket/x may not be read"),
        (ClientResponseError(403), "s3://bucket/x may not be read"),
        (ClientResponseError(503), "s3://bucket/x cannot be reached"),
        (ConnectionResetError("gone"), "s3://bucket/x cannot be reached"),
        (TimeoutError(), "s3://bucket/x cannot be reached"),
        (FileNotFoundError("x"), "s3://bucket/x does not exist"),
        (KeyError("x"), "s3://bucket/x cannot be read"),
    ],
)
def test_kinds(error, problem):
    told = explain(error)
    assert told.problem == problem
    assert told.remedy


def test_not_found_tells_what_really_happened():
    told = explain(FileNotFoundError("x"), ClientResponseError(401))
    assert "may not be read" in told.problem
    assert told.received == "ClientResponseError: 401, url='https://host/x'"
    assert told.__cause__ is None


def test_ours_and_a_full_disk_stay_as_they_are():
    with pytest.raises(InputError, match="ours"), explained("x"):
        raise InputError("ours")
    with pytest.raises(OSError, match="full") as caught, explained("x"):
        raise OSError(errno.ENOSPC, "full")
    assert caught.value.errno == errno.ENOSPC
