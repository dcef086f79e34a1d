"""Addresses such as s3://bucket/photos: which are such, which are refused, and the connection to their storage."""

from __future__ import annotations

import re
from typing import Any

from recognition.addresses import secret_in, without_secrets
from recognition.data.listing import printable
from recognition.errors import InputError

WORKERS = 10  # requests at a time: as many connections as botocore keeps
CONNECT_TIMEOUT, READ_TIMEOUT = 4.0, 5.0  # seconds
RETRIES = 2  # by s3fs, each of them two attempts by botocore: a silent server is asked four times

REMEDY = (
    "for S3 set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; other storages: as their own tools ask for"
)
CACHING = re.compile(r".*\b(simplecache|filecache|blockcache|cached)::", re.DOTALL)
HOSTLESS = re.compile(r"(s3a?|gs|gcs|az|abfss?|https?)://(/|$)")


def is_remote(path: str) -> bool:
    """Whether a path is an address for `mirror`, such as s3://bucket/photos or zip://*::s3://bucket/photos.zip."""
    return re.match(r"[A-Za-z][\w+.-]+(::.*)?://", path) is not None


def redacted(text: str) -> str:
    """A text without the users, passwords and query strings of the addresses in it."""
    return printable(without_secrets(text))


def check_address(address: str) -> None:
    """Raise an InputError for an address that is incomplete or, since it is stored with the run, holds credentials."""
    if secret := secret_in(address):
        raise InputError(
            "The address holds credentials, and would be stored with the run",
            received=f"{redacted(address)}, and {secret}",
            expected="an address without user, password and signature",
            remedy=f"{REMEDY}; or fetch the files yourself",
        )
    if HOSTLESS.search(address):
        expected = "protocol://bucket-or-host/folder"
        raise InputError("The address is incomplete", received=redacted(address), expected=expected)
    if CACHING.match(address):
        remedy = "leave that part out: files are kept in the state folder and fetched once"
        raise InputError("The address asks for a cache of its own", received=redacted(address), remedy=remedy)


def connect(address: str) -> tuple[Any, str]:
    """A file system, a new one, as shared ones remember old listings; and what it calls the address.

    Raises:
        InputError: The protocol is unknown or needs a package.
    """
    from fsspec.core import url_to_fs

    try:
        fs, root = url_to_fs(address, skip_instance_cache=True, **_options(address))
    except ImportError as error:
        remedy = "pip install 'recognition[s3]'" if "s3fs" in str(error) else str(error)
        problem = "The address needs a package that is not installed"
        raise InputError(problem, received=redacted(address), remedy=remedy) from None
    except ValueError as error:
        expected = "s3://, gs://, az://, https:// or another protocol that fsspec knows"
        problem = f"The address is malformed: {redacted(str(error))}"
        raise InputError(problem, received=redacted(address), expected=expected) from None
    if hasattr(fs, "retries"):
        fs.retries = RETRIES
    return fs, root


def _options(address: str) -> dict[str, Any]:
    """Time limits of the protocols in the address."""
    attempts = {"total_max_attempts": 2, "mode": "standard"}
    s3 = {"connect_timeout": CONNECT_TIMEOUT, "read_timeout": READ_TIMEOUT, "retries": attempts}
    options = {name: {"config_kwargs": s3} for name in ("s3", "s3a") if re.search(rf"\b{name}://", address)}
    return options | {name: {"client_kwargs": _web()} for name in ("http", "https") if f"{name}://" in address}


def _web() -> dict[str, Any]:
    from aiohttp import ClientTimeout

    timeout = ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=READ_TIMEOUT)
    return {"timeout": timeout, "trust_env": True}  # proxies, as everywhere else
