"""Lets a process under test know a cluster's Services by their own names, as it would beside a cluster's DNS.

CLUSTER_NAMES is such as `.mine.svc.cluster.local=127.8.1.2`: names with this end lead to that address, where ports are
forwarded.
"""

import os
import socket

_end, _, _address = os.environ.get("CLUSTER_NAMES", "").partition("=")
_resolve = socket.getaddrinfo


def _resolved(host, *arguments, **options):
    name = host.decode() if isinstance(host, bytes) else host
    return _resolve(_address if name and name.endswith(_end) else host, *arguments, **options)


if _end:
    socket.getaddrinfo = _resolved
