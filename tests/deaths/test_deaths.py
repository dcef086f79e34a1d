"""Some of the deaths that `python -m tests.deaths` tries, and what finds them."""

import json
import os
import subprocess
import sys

import pytest

from tests.deaths.tracer import PROJECT
from tests.operations.state import empty_state


@pytest.fixture
def traced(tmp_path):
    """A function: what to do in a process -> its points, or how it ended where it was killed at one of them."""

    def trace(code, die_at=None):
        script = f"""
import json, os
from pathlib import Path
from tests.deaths.tracer import Tracer
root = Path({str(tmp_path)!r})
tracer = Tracer(root, {die_at})
{code}
print(json.dumps([[point.kind, point.what] for point in tracer.points]))
"""
        done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=120)
        return json.loads(done.stdout) if done.returncode == 0 else done.returncode

    return trace


def test_the_points_of_a_file(traced, tmp_path):
    code = """
with open(root / "new", "w") as file:
    file.write("text")
    os.fsync(file.fileno())
(root / "new").rename(root / "old")
(root / "folder").mkdir()
(root / "folder").rmdir()
(root / "old").read_text()
(root / "old").unlink()
"""
    points = traced(code)
    assert [kind for kind, _ in points] == ["open", "opened", "fsync", "rename", "mkdir", "rmdir", "unlink"]
    assert traced(code, 1) == -9
    assert list(tmp_path.iterdir()) == []
    assert traced(code, 2) == -9
    assert (tmp_path / "new").read_text() == ""
    assert traced(code, 4) == -9
    assert (tmp_path / "new").read_text() == "text"


def test_the_points_of_a_database_and_of_a_server(traced, tmp_path):
    code = """
import sqlalchemy, urllib3
engine = sqlalchemy.create_engine(f"sqlite:///{root}/base.db")
with engine.begin() as connection:
    connection.execute(sqlalchemy.text("CREATE TABLE numbers (number INT)"))
with engine.begin() as connection:
    connection.execute(sqlalchemy.text("SELECT * FROM numbers"))
for method in ("GET", "POST"):
    try:
        urllib3.PoolManager().request(method, "http://127.0.0.1:9/runs?token=x", retries=False)
    except urllib3.exceptions.HTTPError:
        pass
"""
    assert traced(code) == [["commit", "CREATE TABLE numbers"], ["request", "POST /runs"]]


def test_whoever_is_killed_while_rolling_back_loses_nothing(tmp_path_factory, fork_server, tmp_path):
    state = empty_state(tmp_path_factory)
    words = ["-m", "tests.deaths", "rollback", "--folder", state.parent]
    foreign = ("ZENML_", "MLFLOW_", "RECOGNITION_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    with open(os.devnull) as nothing, (tmp_path / "told").open("w") as told:
        process = fork_server.start(words, PROJECT, environment, nothing, told, told)
        status = process.wait(250)
    text = (tmp_path / "told").read_text()
    assert status == 0, text
    assert " 0 lost" in text
    assert int(text.split()[1]) > 5  # points
