"""Messages against servers on this machine, good and bad ones."""

import json
import re
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from operations.outcomes import notify
from operations.outcomes.notify import check_notify, notify_end, notify_failure, send
from recognition.configuration.resolved import to_yaml
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.notify import NotifyConfig
from recognition.errors import InputError
from recognition.report.notification import SIGNATURE, Notice

NOTICE = Notice("promoted", "net", "it is better", "retrain", "run-1", "7", "promoted", 0.64, "/report.html")
DOCUMENTATION = Path(__file__).parents[3] / "docs" / "retraining.md"
KEY = "hunter2"
PATIENCE = 3.0  # seconds that a test may be held up, far above all time-outs here


class Server:
    """Answers with each status in turn, then with the last; keeps what it got."""

    def __init__(self, *statuses, location="", delay=0.0):
        self.received, self.slept = [], threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.received.append((self.path, dict(self.headers), body))
                server.slept.wait(delay)
                self.send_response(statuses[min(len(server.received), len(statuses)) - 1])
                if location:
                    self.send_header("Location", location)
                self.end_headers()

            def log_message(self, *words):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/hook/{KEY}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self):
        self.slept.set()
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def serving(*statuses, **options):
    server = Server(*statuses, **options)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(notify, "FIRST_PAUSE", 0.01)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("HOOK_KEY", KEY)


@pytest.fixture
def told(capsys):
    """A function: an address and keys of the section -> the line that is printed, which never repeats a secret."""

    def lines(url, notice=NOTICE, **keys):
        began = time.monotonic()
        send(NotifyConfig(url=url, timeout=keys.pop("timeout", PATIENCE), **keys), [notice])
        assert time.monotonic() - began < 2 * PATIENCE
        out = capsys.readouterr()
        assert KEY not in out.out + out.err
        return out.out.strip()

    return lines


def test_a_message_arrives_signed(told):
    with serving(200) as server:
        assert told(server.url, secret="env:HOOK_KEY") == "notify: promoted told to 127.0.0.1"
    ((path, headers, body),) = server.received
    assert path == f"/hook/{KEY}"
    assert json.loads(body)["version"] == "7"
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers[SIGNATURE].startswith("t=")
    assert KEY not in f"{headers}"


@pytest.fixture
def is_genuine():
    """The function that docs/retraining.md tells receivers to use."""
    (example,) = re.findall("```python\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    exec(example, names)
    return names["is_genuine"]


def test_a_receiver_checks_a_message_as_documented(told, is_genuine):
    with serving(200) as server:
        told(server.url, secret="env:HOOK_KEY")
    ((_, headers, body),) = server.received
    header = headers[SIGNATURE]
    assert is_genuine(KEY, header, body)
    assert not is_genuine("another", header, body)
    assert not is_genuine(KEY, header, body.replace(b"promoted", b"kept"))
    assert not is_genuine(KEY, header.replace("t=", "t=1"), body)
    assert not is_genuine(KEY, header, body, patience=-1)


def test_the_documented_message_has_the_keys_of_a_real_one(told):
    (example,) = re.findall("```json\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)
    with serving(200) as server:
        told(server.url)
    assert list(json.loads(example)) == list(json.loads(server.received[0][2]))


def test_without_a_secret_there_is_no_signature(told):
    with serving(204) as server:
        told(server.url)
    assert SIGNATURE not in server.received[0][1]


def test_an_address_may_be_named(told, monkeypatch):
    with serving(200) as server:
        monkeypatch.setenv("HOOK", server.url)
        assert "told to" in told("env:HOOK", form="slack")
    assert "new champion" in json.loads(server.received[0][2])["text"]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_in_trouble_is_asked_again_with_the_same_message(told, status):
    with serving(status, status, 200) as server:
        assert "told to" in told(server.url, secret="env:HOOK_KEY")
    assert len(server.received) == 3
    assert len({headers["X-Recognition-Delivery"] for _, headers, _ in server.received}) == 1
    assert len({body for _, _, body in server.received}) == 1


def test_a_server_that_stays_in_trouble_is_given_up(told):
    with serving(500) as server:
        assert told(server.url, attempts=2) == (
            "notify: promoted was not delivered: 127.0.0.1 answered 500 (attempt 2 of 2)"
        )
    assert len(server.received) == 2


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_is_not_repeated(told, status):
    with serving(status) as server:
        assert f"answered {status} (attempt 1 of 3)" in told(server.url)
    assert len(server.received) == 1


def test_a_redirection_is_not_followed(told):
    with serving(200) as other, serving(307, location=other.url) as server:
        assert "answered 307, and redirections are not followed" in told(server.url)
    assert (len(server.received), other.received) == (1, [])


def test_nobody_there(told, closed_port):
    assert "127.0.0.1 cannot be reached (attempt 3 of 3)" in told(f"http://127.0.0.1:{closed_port}/hook/{KEY}")


def test_a_slow_server_does_not_hold_up_the_run(told):
    with serving(200, delay=60.0) as server:
        assert "no answer within 0.3 s" in told(server.url, timeout=0.3)


def test_nor_does_one_that_answers_byte_by_byte(told):
    """Each byte comes in time; only their number does not."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()

        def drip():
            connection, _ = listening.accept()
            with connection:
                while not ended.wait(0.02):
                    connection.sendall(b"H")

        threading.Thread(target=drip, daemon=True).start()
        assert "no answer within 0.3 s" in told(f"http://127.0.0.1:{listening.getsockname()[1]}/{KEY}", timeout=0.3)
        ended.set()


def test_a_secret_that_went_away_does_not_fail_the_run(told, monkeypatch):
    monkeypatch.delenv("HOOK_KEY")
    with serving(200) as server:
        assert "notify.secret names a variable that is not set" in told(server.url, secret="env:HOOK_KEY")
    assert server.received == []


def test_an_event_that_was_not_asked_for_is_not_told(told):
    with serving(200) as server:
        assert told(server.url, events=["failed"]) == ""
    assert server.received == []


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"url": "env:NO_SUCH_HOOK"}, "notify.url names a variable that is not set"),
        ({"url": "env:HOOK_KEY"}, "something that is no address"),
        ({"url": "https://example.org", "secret": "env:NO_SUCH_KEY"}, "notify.secret names a variable"),
        ({"url": "https://example.org", "secret": "secret:hook.key"}, "a secret that ZenML does not have"),
    ],
)
def test_what_is_missing_is_told_before_a_run(state, keys, words):
    with pytest.raises(InputError, match=words) as error:
        check_notify(NotifyConfig(**keys))
    assert KEY not in str(error.value)


def test_zenml_keeps_secrets_too(state, told):
    from zenml.client import Client

    with serving(200) as server:
        Client().create_secret("hooks", {"url": server.url, "key": KEY})
        check_notify(NotifyConfig(url="secret:hooks.url", secret="secret:hooks.key"))
        assert "told to" in told("secret:hooks.url", secret="secret:hooks.key")
    assert SIGNATURE in server.received[0][1]


def test_a_stored_configuration_holds_no_secret():
    assert KEY not in to_yaml(RunConfig(notify=NotifyConfig(url="env:HOOK", secret="env:HOOK_KEY")))


def config_for(server):
    return RunConfig(notify=NotifyConfig(url=server.url, timeout=PATIENCE))


def test_a_failure_is_told_in_its_first_line(capsys):
    with serving(200) as server:
        notify_failure(config_for(server), "retrain", ValueError("it broke\nin many lines"), "run-1")
    message = json.loads(server.received[0][2])
    assert (message["event"], message["reason"], message["run"]) == ("failed", "it broke", "run-1")


@pytest.mark.parametrize(("was_told", "status", "count"), [(False, "completed", 2), (True, "cached", 0)])
def test_a_run_tells_what_is_new(capsys, was_told, status, count):
    steps = {
        "gate": SimpleNamespace(run_metadata={"told": was_told}),
        "data_report": SimpleNamespace(status=SimpleNamespace(value=status)),
    }
    summary = {
        "run": {"name": "run-1"},
        "report": "/report.html",
        "change": {"verdict": "shifted", "reason": "fewer cats"},
        "gate": {"decision": "kept", "reason": "it is not better"},
        "model": {"mlflow_version": "8"},
        "test": {"accuracy": 0.5},
    }
    with serving(200) as server:
        notify_end(config_for(server), "retrain", summary, SimpleNamespace(steps=steps))
    assert len(server.received) == count


def test_without_the_section_nothing_is_told(capsys):
    notify_failure(RunConfig(), "retrain", ValueError())
    notify_end(RunConfig(), "retrain", {}, None)
    assert capsys.readouterr().out == ""


def test_a_certificate_that_nobody_trusts_is_not_asked_again(told, monkeypatch):
    import requests

    def post(*arguments, **options):
        raise requests.exceptions.SSLError(f"/hook/{KEY}")

    monkeypatch.setattr(requests, "post", post)
    assert "certificate that is not trusted (attempt 1 of 3)" in told("https://example.org")
