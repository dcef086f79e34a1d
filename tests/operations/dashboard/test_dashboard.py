import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import psutil
import pytest

from operations.dashboard import background, dashboard
from operations.dashboard.background import Server
from operations.dashboard.dashboard import MLFLOW, ZENML
from operations.dashboard.token import token
from recognition.errors import InputError, RecognitionError

# start() leaves its processes running on purpose
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")

ROOT = Path(__file__).resolve().parents[3]
ANSWERING = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
PARENT = 'import subprocess, sys; child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])'
FAILING = "print('first line'); raise SystemExit('the last words')"
SILENT = "import time; time.sleep(600)"
USE_STATE = """
from operations.platform.environment import prepare_environment
prepare_environment()
from zenml import save_artifact
from zenml.client import Client
from zenml.types import HTMLString
print(Client().zen_store.url)
print(save_artifact(HTMLString("<p>kept here</p>"), "page").id)
"""


def free_port():
    """A port that is free, and so is the next."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def environment(state, **settings):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZENML_", "MLFLOW_"))}
    return kept | {"RECOGNITION_STATE": str(state)} | settings


def command(environment, *words):
    line = [sys.executable, str(ROOT / "run_pipeline.py"), "dashboard", *words]
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=200, check=False)


def records(state):
    return {path.stem: json.loads(path.read_text()) for path in (state / "dashboard").glob("*.json")}


def families(state):
    """The processes of both pages, children included."""
    leaders = [psutil.Process(record["pid"]) for record in records(state).values()]
    return [member for leader in leaders for member in (leader, *leader.children(recursive=True))]


def fetch(url, **headers):
    """What a page answers to its owner."""
    cookie = f"dashboard-{urlsplit(url).port}={token()}"
    with urllib.request.urlopen(
        urllib.request.Request(url, headers={"Cookie": cookie, **headers}), timeout=30
    ) as answer:
        return answer.read().decode(), answer.headers


def refusal(url, **headers):
    """The status with which a page sends others away."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(url, **headers)
    with caught.value as answer:
        return answer.code


@pytest.fixture
def state(monkeypatch, tmp_path):
    """A fresh state folder; what was started on it ends with the test."""
    monkeypatch.setenv("RECOGNITION_STATE", str(tmp_path))
    yield tmp_path
    dashboard.stop()


def stand_in(name, port, code):
    return Server(name, port, "/first", [sys.executable, "-c", code, str(port)], {})


@pytest.fixture
def stand_ins(monkeypatch, state):
    """A function: code by name -> `start` runs that code, not the real pages; gives the first port."""
    monkeypatch.setattr(dashboard, "_check_store", lambda: None)
    monkeypatch.setattr(dashboard, "_create_databases", lambda: SimpleNamespace(tracking_uri="sqlite:///nowhere.db"))
    monkeypatch.setattr(dashboard, "_decline_survey", lambda: None)

    def choose(zenml=ANSWERING, mlflow=ANSWERING):
        monkeypatch.setattr(dashboard, "_zenml", lambda port: stand_in(ZENML, port, zenml))
        monkeypatch.setattr(dashboard, "_mlflow", lambda port, client: stand_in(MLFLOW, port, mlflow))
        return free_port()

    return choose


@pytest.mark.slow
def test_real_pages_from_first_start_to_stop(state):
    port = free_port()
    zenml, mlflow = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
    started = command(environment(state), "start", "--port", str(port))
    assert started.returncode == 0, started.stderr
    assert zenml in started.stdout
    assert mlflow in started.stdout
    assert "dashboard stop" in started.stdout
    members = families(state)

    for address in (zenml, mlflow):
        assert f"{address}/" in started.stdout
        assert refusal(f"{address}/", Cookie="") == 401
        assert refusal(f"{address}/", Origin="https://elsewhere.example") == 403
        assert refusal(f"{address}/", Host="elsewhere.example") == 403
        assert token() not in (state / "dashboard" / f"{'zenml' if address == zenml else 'mlflow'}.log").read_text()
    assert refusal(f"{zenml}/api/v1/info", Cookie="") == 401
    assert refusal(f"{mlflow}/ajax-api/2.0/mlflow/experiments/search?max_results=1", Cookie="") == 401
    assert started.stdout.count(f"dashboard_token={token()}") == 2

    assert json.loads(fetch(f"{zenml}/api/v1/info")[0])["auth_scheme"] == "NO_AUTH"
    assert "experiments" in fetch(f"{mlflow}/ajax-api/2.0/mlflow/experiments/search?max_results=1")[0]
    assert fetch(f"{mlflow}/health")[0] == "OK"
    assert "<title>ZenML" in fetch(zenml)[0]
    assert "<title>MLflow" in fetch(mlflow)[0]
    assert json.loads(fetch(f"{zenml}/api/v1/current-user")[0])["body"]["email_opted_in"] is False

    listening = [link.laddr.ip for member in members for link in member.net_connections() if link.status == "LISTEN"]
    assert listening == ["127.0.0.1", "127.0.0.1"]
    for address in (zenml, mlflow):
        assert "access-control-allow-origin" not in fetch(f"{address}/health")[1]
    policy = fetch(zenml)[1]["content-security-policy"]
    assert all("'self'" in part for part in policy.split(";") if part.strip().partition("-")[0] not in ("base", "form"))
    assert "https:" not in policy
    assert "*" not in policy

    script = state / "use.py"
    script.write_text(USE_STATE)
    here = environment(state, PYTHONPATH=str(ROOT))
    used = subprocess.run([sys.executable, str(script)], env=here, capture_output=True, text=True, check=True)
    store, artifact = used.stdout.split()[-2:]
    assert store.startswith("sqlite:")
    assert "kept here" in fetch(f"{zenml}/api/v1/artifact_versions/{artifact}/visualize")[0]

    before = records(state)
    repeated = command(environment(state), "start", "--port", str(free_port()))
    assert repeated.returncode == 0, repeated.stderr
    assert zenml in repeated.stdout
    assert records(state) == before

    stopped = command(environment(state), "stop")
    assert (stopped.returncode, stopped.stdout) == (0, "stopped ZenML and MLflow\n")
    assert not any(member.is_running() for member in members)


def refuse(environment, address):
    refused = command(environment, "start", "--port", str(free_port()))
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert f"open that server's own dashboard: {address}\n" in refused.stderr
    return refused.stderr


def test_server_of_the_environment_is_not_left(state):
    url = "https://someone:secret@zenml.example:8443/here"
    settings = environment(state, ZENML_STORE_URL=url, ZENML_CONFIG_PATH=str(state / "zenml"))
    assert "secret" not in refuse(settings, "https://zenml.example:8443/here")


def test_server_of_the_configuration_is_not_left(state):
    config = state / "zenml" / "config.yaml"
    config.parent.mkdir()
    config.write_text("store: {type: rest, url: 'https://zenml.example'}\n")
    refuse(environment(state), "https://zenml.example")
    assert "url: https://zenml.example" in config.read_text()


def test_a_server_that_is_just_starting_has_not_ended(stand_ins, state, monkeypatch):
    cmdline, looks = psutil.Process.cmdline, [[], []]
    monkeypatch.setattr(psutil.Process, "cmdline", lambda process: looks.pop() if looks else cmdline(process))
    dashboard.start(stand_ins())
    assert not looks


def test_repeated_start_keeps_what_runs_and_starts_what_does_not(stand_ins, state, capsys):
    port = stand_ins()
    dashboard.start(port)
    before = records(state)
    zenml = psutil.Process(before["zenml"]["pid"])
    zenml.kill()
    zenml.wait(10)
    dashboard.start(port)
    after = records(state)
    assert after["mlflow"] == before["mlflow"]
    assert after["zenml"]["pid"] != before["zenml"]["pid"]
    assert capsys.readouterr().out.count(f"http://127.0.0.1:{port}/first?dashboard_token={token()}") == 2


def test_who_had_the_token_is_not_let_in_to_what_starts_later(stand_ins, state):
    port = stand_ins()
    dashboard.start(port)
    first = token()
    dashboard.stop()
    dashboard.start(port)
    assert token() != first


def test_pages_of_a_version_that_let_everybody_in_are_replaced(stand_ins, state):
    port = stand_ins()
    dashboard.start(port)
    open_pages = families(state)
    (state / "dashboard" / "token").unlink()
    dashboard.start(port)
    assert not any(member.is_running() for member in open_pages)
    assert len(families(state)) == 2


DYING = """
import sys
from operations.dashboard import background
from operations.platform.environment import state_folder
from tests.deaths.tracer import Tracer
name, port, code, die_at = sys.argv[1:]
server = background.Server(name, int(port), "/", [sys.executable, "-c", code, port], {})
tracer = Tracer(state_folder(), int(die_at))
background.start_missing([server])
for point in tracer.points:
    print(point.kind, point.what)
if not int(die_at):
    tracer.points.clear()
    background.end(name)
    print("end", *(point.kind for point in tracer.points))
"""


def die_at(number, state, port, code=ANSWERING):
    """Start a page in a command that is killed at one of its points: what it told, if it lived."""
    line = [sys.executable, "-c", DYING, ZENML, str(port), code, str(number)]
    done = subprocess.run(
        line, cwd=ROOT, env=environment(state), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == (-9 if number else 0), done.stderr
    return done.stdout.splitlines()


def here(state):
    """All processes whose folder is the pages' own."""
    return [each.pid for each in psutil.process_iter(["cwd"]) if each.info["cwd"] == str(state / "dashboard")]


def test_a_page_whose_number_was_not_recorded_any_more_is_found(stand_ins, state):
    dashboard.start(stand_ins())
    for name, record in records(state).items():
        del record["pid"]
        (state / "dashboard" / f"{name}.json").write_text(json.dumps(record))
    dashboard.stop()
    assert here(state) == []


@pytest.mark.slow
def test_a_page_whose_start_was_killed_can_be_stopped(state, capsys):
    port = free_port()
    die_at(0, state, port)  # makes the folder
    points = [line for line in die_at(0, state, port) if not line.startswith("starting")]
    assert points[-1] == "end unlink"
    first = next(number for number, point in enumerate(points) if point.startswith("process "))
    assert points[first + 1 : -1]  # between the process and its record
    for number in range(first + 1, len(points)):
        die_at(number, state, port)
        assert len(here(state)) == (1 if number > first + 1 else 0)
        dashboard.stop()
        assert here(state) == []
        told = "stopped ZenML" if number > first + 1 else "no dashboard is running"
        assert capsys.readouterr().out == f"{told}\n"
    die_at(len(points) - 1, state, port)
    die_at(0, state, port)  # the next start finds it, and its end ends it
    assert here(state) == []


def test_who_is_killed_while_stopping_stops_again(stand_ins, state, monkeypatch):
    dashboard.start(stand_ins())
    with monkeypatch.context() as context:
        context.setattr(psutil.Process, "terminate", lambda process: sys.exit())
        with pytest.raises(SystemExit):
            dashboard.stop()
    dashboard.stop()
    assert here(state) == []


def test_stop_ends_children_too(stand_ins, state, capsys):
    dashboard.start(stand_ins(mlflow=PARENT + ANSWERING))
    members = families(state)
    assert len(members) == 3
    dashboard.stop()
    assert not any(member.is_running() for member in members)
    assert not records(state)
    dashboard.stop()
    assert capsys.readouterr().out.endswith("stopped ZenML and MLflow\nno dashboard is running\n")


def test_stop_leaves_a_stranger_with_the_recorded_number_alone(stand_ins, state, capsys):
    stand_ins()
    (state / "dashboard").mkdir()
    record = {"pid": os.getpid(), "port": 1, "command": [sys.executable, "-m", "uvicorn"]}
    (state / "dashboard" / "zenml.json").write_text(json.dumps(record))
    dashboard.stop()
    assert capsys.readouterr().out == "no dashboard is running\n"


@pytest.mark.parametrize("taken", [0, 1])
def test_port_of_something_else(stand_ins, state, taken):
    port = stand_ins()
    with socket.create_server(("127.0.0.1", port + taken)), pytest.raises(InputError, match="--port") as caught:
        dashboard.start(port)
    assert caught.value.received.startswith(f"{port + taken} (")
    assert not records(state)


@pytest.mark.parametrize("port", [-1, 0, 65535, 99999])
def test_port_that_cannot_be(stand_ins, port):
    stand_ins()
    with pytest.raises(InputError, match="no such port"):
        dashboard.start(port)


def test_page_that_fails_shows_its_last_words_and_takes_the_other_down(stand_ins, state):
    with pytest.raises(RecognitionError, match="MLflow's dashboard does not answer") as caught:
        dashboard.start(stand_ins(mlflow=FAILING))
    assert caught.value.received.endswith("first line\n    the last words")
    assert not records(state)


def test_page_that_does_not_answer_in_time(stand_ins, state, monkeypatch):
    monkeypatch.setattr(background, "PATIENCE", 0.5)
    with pytest.raises(RecognitionError, match="ZenML's dashboard does not answer"):
        dashboard.start(stand_ins(zenml=SILENT))
    assert not records(state)


def test_remote_tracker_gets_no_local_page(stand_ins, monkeypatch, capsys):
    port = stand_ins()
    monkeypatch.setattr(dashboard, "_create_databases", lambda: SimpleNamespace(tracking_uri="https://mlflow.example"))
    dashboard.start(port)
    assert "MLflow  https://mlflow.example\n" in capsys.readouterr().out
