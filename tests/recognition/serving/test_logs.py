import logging

import requests

from recognition.serving.logs import JsonFormatter, log
from tests.recognition.serving.served import StubEngine, picture, serving


def test_a_request_is_one_line_without_its_content(logged):
    lines = logged()
    with serving(StubEngine()) as client:
        client.send(picture("red"), picture("blue"), headers={"X-Request-ID": "mine"})
        client.get("/nothing?secret=1")
    first, second = (line for line in lines() if line["event"] == "request")
    assert first["ms"] > 0
    expected = {"id": "mine", "method": "POST", "path": "/predict", "status": 200, "images": 2, "version": "1"}
    assert {key: first[key] for key in expected} == expected
    assert first["time"].endswith("+00:00")
    assert (second["path"], second["status"]) == ("/nothing", 404)
    assert "problem" in second
    assert "secret" not in str(second)


def test_a_client_cannot_forge_a_line(logged):
    lines = logged()
    with serving(StubEngine()) as client:
        client.get('/x%0a{"event":"forged"}')
    assert [line["event"] for line in lines()] == ["request"]


def test_a_client_cannot_move_the_cursor_or_turn_the_text_around(logged):
    lines = logged()
    with serving(StubEngine()) as client:
        client.get("/x%c2%9b2J%e2%80%a8%e2%80%aey%7f%1b[2J%c3%bc")
    (line,) = lines()
    assert line["path"] == "/x\x9b2J\u2028\u202ey\x7f\x1b[2Jü"
    formatted = JsonFormatter().format(logging.makeLogRecord({"msg": "x", "fields": line}))
    assert formatted.isprintable()
    assert "ü" in formatted


def test_probes_are_told_only_where_they_fail(logged):
    lines = logged()
    with serving(StubEngine()) as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert client.get(path).ok
        client.get("/model")
        requests.post(f"{client.address}/healthz", timeout=30)
    assert [(line["path"], line["status"]) for line in lines()] == [("/model", 200), ("/healthz", 405)]


def test_quiet_leaves_out_requests_and_nothing_else(logged):
    lines = logged(quiet=True)
    with serving(StubEngine()) as client:
        client.get("/nothing")
    log("stopped", logging.WARNING, version="ü")
    (line,) = lines()
    assert (line["event"], line["level"], line["version"]) == ("stopped", "warning", "ü")
