"""Against servers that answer as ZenML 0.98 and MLflow 3.17 were seen to."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from tests.k8s.conftest import K8S

SECRETS = {
    "zenml": {"admin-password": "zenml-admin"},
    "mlflow": {"admin-password": "mlflow-admin"},
    "mlflow-users": {"pipeline": "one", "prediction": "two"},
    "s3": {"access-key-id": "AKIAFAKE", "secret-access-key": "hunter2"},
}


class Servers:
    """Both servers in one: what they have been told."""

    def __init__(self):
        self.users, self.secrets, self.accounts, self.keys, self.down = {}, {}, {}, [], False

    def answer(self, method, path, authorization, body):
        if self.down:
            return 503, {"detail": "no database"}
        if path == "/api/v1/login":
            return (200, {"access_token": "token"}) if body == "username=admin&password=zenml-admin" else (401, {})
        basic = "Basic " + base64.b64encode(b"admin:mlflow-admin").decode()
        if authorization != (basic if "/mlflow/" in path else "Bearer token"):
            return 401, {}
        return self._do(method, path, json.loads(body) if body else {})

    def _do(self, method, path, said):
        if path == "/api/2.0/mlflow/users/create":
            if said["username"] in self.users:
                return 400, {"error_code": "RESOURCE_ALREADY_EXISTS"}
            self.users[said["username"]] = said["password"]
        elif (method, path) == ("PATCH", "/api/2.0/mlflow/users/update-password"):
            self.users[said["username"]] = said["password"]
        elif path == "/api/v1/secrets":
            if said["name"] in self.secrets:
                return 409, {"detail": ["EntityExistsError"]}
            self.secrets[said["name"]] = said["values"]
        elif (method, path) == ("GET", "/api/v1/service_accounts"):
            return 200, {"items": [{"id": number} for number in self.accounts.values()]}
        elif path == "/api/v1/service_accounts":
            self.accounts[said["name"]] = "id-1"
            return 200, {"id": "id-1"}
        elif path == "/api/v1/service_accounts/id-1/api_keys":
            self.keys.append(said["name"])
            return 200, {"body": {"key": f"ZENKEY_{len(self.keys)}"}}
        else:
            return 404, {}
        return 200, {}


@pytest.fixture
def servers():
    """Their state, and an address in `address`."""
    state = Servers()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            path = urlsplit(self.path).path
            status, document = state.answer(self.command, path, self.headers["Authorization"], body)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PATCH = do_POST

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def stored():
    """Secrets of the cluster, by name."""
    return json.loads(json.dumps(SECRETS))


@pytest.fixture
def accounts(monkeypatch, stored):
    """The module, on a cluster that is a dictionary."""
    monkeypatch.syspath_prepend(str(K8S))
    import make_accounts

    monkeypatch.setattr(make_accounts, "read", lambda name, namespace: stored.get(name))
    monkeypatch.setattr(make_accounts, "create", lambda name, namespace, values: stored.update({name: values}))
    return make_accounts


def test_accounts_are_made_once(accounts, servers, stored):
    first = list(accounts.make(servers.address, servers.address, "recognition"))
    second = list(accounts.make(servers.address, servers.address, "recognition"))
    assert {line.split()[-1] for line in first} == {"made"}
    assert {line.split()[-1] for line in second} == {"kept"}
    assert servers.users == SECRETS["mlflow-users"]
    assert stored["zenml-client"] == {"api-key": "ZENKEY_1"}
    assert servers.secrets == {
        "s3": {"aws_access_key_id": "AKIAFAKE", "aws_secret_access_key": "hunter2"},
        "mlflow": {"username": "pipeline", "password": "one"},
    }
    assert len(servers.keys) == 1


def test_a_lost_key_is_followed_by_another_and_a_changed_password_is_set(accounts, servers, stored):
    list(accounts.make(servers.address, servers.address, "recognition"))
    del stored["zenml-client"]
    stored["mlflow-users"]["prediction"] = "three"
    list(accounts.make(servers.address, servers.address, "recognition"))
    assert stored["zenml-client"] == {"api-key": "ZENKEY_2"}
    assert servers.users["prediction"] == "three"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda servers, stored: stored.pop("mlflow"), "no Secret mlflow"),
        (lambda servers, stored: setattr(servers, "down", True), "503"),
        (lambda servers, stored: stored["zenml"].update({"admin-password": "other"}), "401"),
        (lambda servers, stored: setattr(servers, "address", "file:///etc"), "no address of a server"),
    ],
)
def test_what_is_wrong_is_told_without_a_password(accounts, servers, stored, spoil, told, monkeypatch, capsys):
    spoil(servers, stored)
    words = ["make_accounts.py", "--zenml", servers.address, "--mlflow", servers.address]
    monkeypatch.setattr("sys.argv", words)
    assert accounts.main() == 2
    error = capsys.readouterr().err
    assert told in error
    assert "hunter2" not in error
