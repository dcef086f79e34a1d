#!/usr/bin/env python3
"""Make the Secrets that the servers need: random passwords, and the addresses of databases and bucket.

    python k8s/make_secrets.py dev           databases and bucket in the cluster: everything is made up
    python k8s/make_secrets.py production    theirs are read from the environment, listed by --help

What exists is kept, never overwritten: the command can be repeated. Values go to kubectl through its standard input,
and are neither printed nor written to a file. Only Python's standard library and kubectl are needed.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping

NAMESPACE = "recognition"
PASSWORD_BYTES = 24  # 32 characters that need no quoting in an address
KEY_BYTES = 32
REQUIRED = {
    "ZENML_STORE_URL": "mysql://USER:PASSWORD@HOST/DATABASE?ssl=true",
    "MLFLOW_BACKEND_STORE_URI": "postgresql://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full&sslrootcert=system",
    "S3_BUCKET": "name of the bucket, for ZenML's artifacts and MLflow's files",
    "S3_ACCESS_KEY_ID": "of a user that may read, write and delete there",
    "S3_SECRET_ACCESS_KEY": "of the same",
    "DATA_ACCESS_KEY_ID": "of a user that may only read and list there: for the images of runs",
    "DATA_SECRET_ACCESS_KEY": "of the same",
    "S3_REGION": "such as eu-central-1",
}
OPTIONAL = {"S3_ENDPOINT_URL": "of a bucket that is not Amazon's; may be left out"}
AUTHENTICATION = """\
[mlflow]
default_permission = READ
database_uri = {uri}
admin_username = admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
grant_default_workspace_access = false
auth_cache_ttl_seconds = 60
"""

Values = dict[str, str]
Known = Mapping[str, Mapping[str, str]]


class MissingError(Exception):
    """A value that only the user knows is not there, or kubectl refused."""


def main() -> int:
    """Make what is missing; 0, or 2 where a value is not there or kubectl refused."""
    options = _parser().parse_args()
    try:
        plan = dev_plan(options.namespace) if options.overlay == "dev" else production_plan(os.environ)
        for line in make(plan, options.namespace):
            print(line)
    except MissingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def make(plan: Mapping[str, Callable[[Known], Values]], namespace: str) -> list[str]:
    """Make each Secret of a plan that does not exist; what was done, a line each.

    Args:
        plan: For each Secret, in order, a function from all before it to its values.
        namespace: Where.
    """
    known: dict[str, Values] = {}
    lines = []
    for name, values_of in plan.items():
        found = read(name, namespace)
        lines.append(f"{name:<14}{'kept' if found is not None else 'made'}")
        known[name] = create(name, namespace, values_of(known)) if found is None else found
    return lines


def dev_plan(namespace: str) -> dict[str, Callable[[Known], Values]]:
    """Secrets of overlays/dev.

    Args:
        namespace: Where the bucket's server is.
    """
    return {
        "mysql": lambda known: {"password": password()},
        "postgres": lambda known: {"password": password()},
        "s3": lambda known: {
            "access-key-id": secrets.token_hex(10),
            "secret-access-key": password(),
            "bucket": "recognition",
            "region": "us-east-1",
            "endpoint-url": f"http://s3.{namespace}.svc.cluster.local:8333",
        },
        "data": lambda known: data(known["s3"], secrets.token_hex(10), password()),
        "zenml": lambda known: zenml(f"mysql://zenml:{known['mysql']['password']}@mysql/zenml"),
        "mlflow": lambda known: mlflow(f"postgresql://mlflow:{known['postgres']['password']}@postgres/mlflow"),
        "mlflow-users": lambda known: {"pipeline": password(), "prediction": password()},
    }


def production_plan(environment: Mapping[str, str]) -> dict[str, Callable[[Known], Values]]:
    """Secrets of overlays/production.

    Args:
        environment: Variables as of REQUIRED and OPTIONAL.

    Raises:
        MissingError: If one that is required is not there.
    """
    missing = [f"  {name}: {meaning}" for name, meaning in REQUIRED.items() if not environment.get(name)]
    if missing:
        raise MissingError("\n".join(["these variables are needed:", *missing]))
    endpoint = environment.get("S3_ENDPOINT_URL")
    bucket = {
        "access-key-id": environment["S3_ACCESS_KEY_ID"],
        "secret-access-key": environment["S3_SECRET_ACCESS_KEY"],
        "bucket": environment["S3_BUCKET"],
        "region": environment["S3_REGION"],
        **({"endpoint-url": endpoint} if endpoint else {}),
    }
    return {
        "s3": lambda known: bucket,
        "data": lambda known: data(bucket, environment["DATA_ACCESS_KEY_ID"], environment["DATA_SECRET_ACCESS_KEY"]),
        "zenml": lambda known: zenml(environment["ZENML_STORE_URL"]),
        "mlflow": lambda known: mlflow(environment["MLFLOW_BACKEND_STORE_URI"]),
        "mlflow-users": lambda known: {"pipeline": password(), "prediction": password()},
    }


def zenml(url: str) -> Values:
    """What ZenML's server is given; without its encryption key the secrets in its database are lost."""
    return {
        "store-url": url,
        "admin-password": password(),
        "jwt-secret-key": secrets.token_hex(KEY_BYTES),
        "encryption-key": secrets.token_hex(KEY_BYTES),
    }


def data(bucket: Mapping[str, str], key: str, secret: str) -> Values:
    """Variables with which a run reads images at s3://: here the same bucket's; edit it for another.

    Args:
        bucket: Where it is.
        key: Of a user that may only read.
        secret: Of the same.
    """
    values = {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": bucket["region"],
    }
    endpoint = bucket.get("endpoint-url")
    return {**values, "AWS_ENDPOINT_URL": endpoint} if endpoint else values


def mlflow(uri: str) -> Values:
    """What MLflow's server is given; its users lie in the same database."""
    return {
        "backend-store-uri": uri,
        "admin-password": password(),
        "flask-secret-key": secrets.token_hex(KEY_BYTES),
        "basic_auth.ini": AUTHENTICATION.format(uri=uri.replace("%", "%%")),  # configparser's quoting
    }


def password() -> str:
    """A random one, fit for an address as it is."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def read(name: str, namespace: str) -> Values | None:
    """A Secret's values, None where there is no such Secret."""
    answer = kubectl("get", "secret", name, "--ignore-not-found", "--output=json", namespace=namespace)
    if not answer.strip():
        return None
    data = json.loads(answer).get("data") or {}
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def create(name: str, namespace: str, values: Values) -> Values:
    """Make a Secret, which must not exist; its values."""
    labels = {"app.kubernetes.io/part-of": "recognition"}
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": labels},
        "stringData": values,
    }
    kubectl("create", "--filename=-", namespace=namespace, words=json.dumps(manifest))
    return values


def kubectl(*arguments: str, namespace: str, words: str = "") -> str:
    """What kubectl answers; `words` go to its standard input.

    Raises:
        MissingError: If it refuses, or is not there.
    """
    command = ["kubectl", f"--namespace={namespace}", *arguments]
    try:
        answer = subprocess.run(command, input=words, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise MissingError("kubectl is not installed") from None
    except subprocess.CalledProcessError as error:
        raise MissingError(error.stderr.strip() or "kubectl failed") from None
    return answer.stdout


def _parser() -> argparse.ArgumentParser:
    known = "\n".join(f"  {name:<26}{meaning}" for name, meaning in (REQUIRED | OPTIONAL).items())
    parser = argparse.ArgumentParser(
        description="Make the Secrets that the servers need; what exists is kept.",
        epilog=f"variables that `production` reads:\n{known}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("overlay", choices=["dev", "production"])
    parser.add_argument("--namespace", default=NAMESPACE, help="%(default)s")
    return parser


if __name__ == "__main__":
    sys.exit(main())
