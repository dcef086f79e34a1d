"""The command `serve`, as a user runs it."""

import json
import re
import signal
import socket
import time

import pytest
import requests

import run_pipeline
from tests.recognition.serving.served import picture


@pytest.fixture(scope="module")
def registered(shared_command, digits, digits_run):
    """The digits' model under a name of its own: other tests lose files of theirs."""
    run = shared_command.run(*digits, "--set=model.name=served")
    assert run.status == 0, run.stderr


@pytest.mark.slow
def test_a_trained_model_is_served_until_a_signal_comes(shared_command, registered):
    served = shared_command.start("serve", "--model=served", "--port=0", "--follow=1", "--drain=0.5")
    served.wait_for('"event":"serving"')
    address = re.search('"address":"([^"]+)"', served._out.read_text())[1]
    response = requests.post(f"{address}predict", files={"files": ("a.png", picture("white"))}, timeout=30)
    assert response.json()["model"] == {"name": "served", "version": "1"}
    assert response.json()["predictions"][0]["top"][0]["label"] in map(str, range(10))
    assert requests.get(f"{address}model", timeout=30).json()["image_shape"] == [8, 8, 1]
    served.send(signal.SIGTERM)
    outcome = served.end()
    assert (outcome.status, outcome.stderr) == (0, "")
    events = [json.loads(line)["event"] for line in outcome.stdout.splitlines()]
    assert events == ["listening", "serving", "request", "request", "stopped"]


@pytest.mark.slow
def test_a_signal_while_the_model_is_loaded_ends_it_too(shared_command, registered):
    served = shared_command.start("serve", "--model=served", "--port=0")
    served.wait_for('"event":"listening"')
    time.sleep(0.5)  # the signal comes while it loads, or just after
    served.send(signal.SIGTERM)
    assert served.end().status == 0


def refused(capsys, monkeypatch, tmp_path, *words):
    monkeypatch.setenv("RECOGNITION_STATE", str(tmp_path))
    monkeypatch.setattr(run_pipeline, "prepare_environment", lambda debug: None)
    monkeypatch.setattr("recognition.serving.logs.configure_logs", lambda quiet: None)
    try:
        status = run_pipeline.main(["serve", *words])
    except SystemExit as end:  # argparse's
        status = end.code
    told = capsys.readouterr()
    assert (status, told.out) == (2, "")
    assert "Traceback" not in told.err
    return told.err


def test_a_port_in_use_is_refused_before_anything_else(capsys, monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = refused(capsys, monkeypatch, tmp_path, f"--port={port}")
    assert f"port {port} is in use" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--port=70000"], "between 0 and 65535"),
        (["--port=http"], "--port"),
        (["--max-files=0"], "above 0"),
        (["--max-files=300"], "--queue 300"),
        (["--max-megapixels=90"], "89 or fewer"),
        (["--batch=many"], "invalid number"),
        (["--timeout=inf"], "above 0"),
        (["--drain=-1"], "0 or more"),
        (["--follow=0"], "above 0"),
    ],
)
def test_options_out_of_range_are_refused(capsys, monkeypatch, tmp_path, words, told):
    assert told in refused(capsys, monkeypatch, tmp_path, *words)
