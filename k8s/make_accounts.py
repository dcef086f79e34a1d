#!/usr/bin/env python3
"""Make the accounts of runs and of the prediction server, once ZenML's and MLflow's servers answer.

    python k8s/make_accounts.py --zenml http://HOST:8080 --mlflow http://HOST:5000

MLflow gets the users `pipeline`, who owns what it makes, and `prediction`, who reads. ZenML gets the service account
`pipeline`, whose API key becomes the Secret zenml-client, and the ZenML secrets `s3` and `mlflow` that a stack names.
What exists is kept: the command can be repeated. Passwords come from the Secrets of make_secrets.py.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from make_secrets import NAMESPACE, MissingError, Values, create, read

ACCOUNT = "pipeline"
CLIENT_SECRET = "zenml-client"  # noqa: S105 - a name
CONFLICT = 409
MLFLOW_EXISTS = "RESOURCE_ALREADY_EXISTS"
PATIENCE = 60  # seconds


class RefusedError(Exception):
    """A server's answer that is none of what was asked for.

    Attributes:
        status: Of HTTP.
        text: What the server said.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text[:500]}")
        self.status, self.text = status, text


def main() -> int:
    """Make what is missing; 0, or 2 where a Secret is not there or a server refuses."""
    options = _parser().parse_args()
    try:
        for line in make(options.zenml, options.mlflow, options.namespace):
            print(line, flush=True)
    except (MissingError, RefusedError, urllib.error.URLError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def make(zenml: str, mlflow: str, namespace: str) -> Iterator[str]:
    """Make each account that is not there yet; what was done, a line each.

    Args:
        zenml: Address of ZenML's server.
        mlflow: Address of MLflow's.
        namespace: Where the Secrets are.
    """
    servers, users = _needed("mlflow", namespace), _needed("mlflow-users", namespace)
    for user, password in users.items():
        yield _line(f"MLflow user {user}", make_mlflow_user(mlflow, servers["admin-password"], user, password))
    token = log_in(zenml, _needed("zenml", namespace)["admin-password"])
    if read(CLIENT_SECRET, namespace) is None:
        create(CLIENT_SECRET, namespace, {"api-key": make_api_key(zenml, token)})
        yield _line(f"API key of {ACCOUNT}, in Secret {CLIENT_SECRET}", True)
    else:
        yield _line(f"API key of {ACCOUNT}, in Secret {CLIENT_SECRET}", False)
    bucket = _needed("s3", namespace)
    keys = {"aws_access_key_id": bucket["access-key-id"], "aws_secret_access_key": bucket["secret-access-key"]}
    tracker = {"username": ACCOUNT, "password": users[ACCOUNT]}
    for name, values in (("s3", keys), ("mlflow", tracker)):
        yield _line(f"ZenML secret {name}", make_zenml_secret(zenml, token, name, values))


def make_mlflow_user(server: str, administrator: str, user: str, password: str) -> bool:
    """Make a user, or give the one of this name its password again; whether there was none.

    Args:
        server: MLflow's address.
        administrator: Password of `admin`.
        user: Name.
        password: At least 12 characters.
    """
    basic = "Basic " + base64.b64encode(f"admin:{administrator}".encode()).decode()
    wanted = {"username": user, "password": password}
    try:
        call(f"{server}/api/2.0/mlflow/users/create", basic, wanted)
    except RefusedError as error:
        if MLFLOW_EXISTS not in error.text:
            raise
        call(f"{server}/api/2.0/mlflow/users/update-password", basic, wanted, "PATCH")
        return False
    return True


def log_in(server: str, administrator: str) -> str:
    """A token of ZenML's `admin`."""
    form = urllib.parse.urlencode({"username": "admin", "password": administrator}).encode()
    return str(_answer(f"{server}/api/v1/login", form)["access_token"])


def make_api_key(server: str, token: str) -> str:
    """A new key of the service account, which is made where it does not exist."""
    accounts, bearer = f"{server}/api/v1/service_accounts", f"Bearer {token}"
    found = call(f"{accounts}?name={ACCOUNT}", bearer)["items"]
    wanted = {"name": ACCOUNT, "active": True, "description": "submits and runs pipelines"}
    account = (found[0] if found else call(accounts, bearer, wanted))["id"]
    name = f"cluster-{datetime.now(UTC):%Y%m%d-%H%M%S}"  # a key is shown once: one that was lost is never found again
    made = call(f"{accounts}/{account}/api_keys", bearer, {"name": name})
    return str(made["body"]["key"])


def make_zenml_secret(server: str, token: str, name: str, values: Mapping[str, str]) -> bool:
    """Make a secret in ZenML's store, which components of a stack refer to; whether there was none of this name."""
    try:
        call(f"{server}/api/v1/secrets", f"Bearer {token}", {"name": name, "values": dict(values)})
    except RefusedError as error:
        if error.status != CONFLICT:
            raise
        return False
    return True


def call(address: str, authorization: str, body: Mapping[str, Any] | None = None, method: str | None = None) -> Any:
    """A server's answer.

    Args:
        address: What to ask.
        authorization: The header.
        body: To send as JSON; None to send nothing.
        method: Of HTTP; None for POST with a body, GET without.

    Raises:
        RefusedError: If the status is none of success.
    """
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    return _answer(address, content, headers, method)


def _answer(
    address: str, content: bytes | None, headers: Mapping[str, str] | None = None, method: str | None = None
) -> Any:
    if not address.startswith(("http://", "https://")):
        raise MissingError(f"{address} is no address of a server: http://… or https://…")
    request = urllib.request.Request(address, content, dict(headers or {}), method=method)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - checked above
            return json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        raise RefusedError(error.code, error.read().decode(errors="replace")) from None


def _needed(name: str, namespace: str) -> Values:
    values = read(name, namespace)
    if values is None:
        raise MissingError(f"there is no Secret {name} in {namespace}: run make_secrets.py first")
    return values


def _line(what: str, is_new: bool) -> str:
    return f"{what:<44}{'made' if is_new else 'kept'}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Make the accounts of runs and of the prediction server.")
    parser.add_argument("--zenml", required=True, metavar="URL", help="ZenML's server, as this machine reaches it")
    parser.add_argument("--mlflow", required=True, metavar="URL", help="MLflow's")
    parser.add_argument("--namespace", default=NAMESPACE, help="%(default)s")
    return parser


if __name__ == "__main__":
    sys.exit(main())
