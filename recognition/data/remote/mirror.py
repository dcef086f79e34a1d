"""A remote file or folder, mirrored into a local folder."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from pathlib import Path

from recognition.data.remote.address import check_address, connect, redacted
from recognition.data.remote.errors import explained
from recognition.data.remote.listing import list_files
from recognition.errors import InputError


def mirror(address: str, cache: Path) -> Path:
    """Copy a remote file or folder, or bring an earlier copy up to date.

    Credentials and the endpoint are those that the storage's own client finds: for S3 AWS_ACCESS_KEY_ID, AWS_PROFILE
    or the machine's role, and AWS_ENDPOINT_URL for a server such as MinIO. Web addresses of folders end with a slash.
    Nothing is written where listing fails.

    Args:
        address: Whatever `is_remote` accepts, without credentials.
        cache: Folder that holds one mirror for each address; made where missing.

    Returns:
        The local file, under its remote name, or the folder with the remote layout; absolute.

    Raises:
        InputError: The address is malformed or holds credentials, its protocol is unknown or lacks a package;
            credentials are missing or refused; nothing is there, or nobody answers; a name cannot be held locally or
            points out of the folder; a file changed while it was fetched; or the cache cannot be written.
        OSError: There is no space left (ENOSPC).
    """
    from recognition.data.remote.fetching import update  # fsspec takes time to import, and most data are local

    check_address(address)
    shown = redacted(address)
    with explained(shown):
        fs, root = connect(address)
        files = list_files(fs, root, shown)
    words, mark = re.sub(r"[^A-Za-z0-9]+", "-", address).strip("-")[:60], os.fsencode(address.rstrip("/"))
    folder = cache.absolute() / f"{words}-{hashlib.sha256(mark).hexdigest()[:16]}"
    try:
        tree = update(fs, files, folder, shown)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        problem, remedy = f"The mirror cannot be stored in {folder}", "mend its permissions, or choose another place"
        raise InputError(problem, received=str(error), expected="a folder to write", remedy=remedy) from error
    (first, *_) = files
    return tree / first if files[first].path == root else tree
