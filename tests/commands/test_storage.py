import json

import pytest

import run_pipeline
from tests.operations.state import connect, empty_state, own_state
from tests.operations.stored_models import promoted, versions


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A registry of this file alone: here it is pruned."""
    with own_state(empty_state(tmp_path_factory)):
        client = connect()
        for model in versions(client, "stored-pets", 3)[:1]:
            promoted(client, model)
        yield client


@pytest.fixture
def storage(client, monkeypatch, capsys):
    """A function: words -> exit status, standard output and standard error."""
    monkeypatch.setattr(run_pipeline, "prepare_environment", lambda debug: None)

    def run(*words):
        status = run_pipeline.main(["storage", *words])
        return (status, *capsys.readouterr())

    return run


NOW = ("--keep=1", "--older-than=0d")


def test_the_report_tells_sizes_and_why_versions_stay(storage):
    status, told, complaint = storage("report", *NOW)
    assert (status, complaint) == (0, "")
    rows = {line[:14].strip(): line[14:].split() for line in told.partition("\n\n")[0].splitlines()}
    assert rows["model versions"][0] == "3"
    assert "\n  stored-pets version 1: champion\n" in told
    assert "\n  stored-pets version 2: may go\n" in told
    assert "\nby --keep 1 --older-than 0d\n" in told


def test_the_report_as_json(storage):
    listed = {each["name"]: each for each in json.loads(storage("report", "--json", *NOW)[1])}
    assert listed["stored-pets version 1"]["stays"] == "champion"
    assert listed["stored-pets version 2"]["stays"] is None


def test_nothing_is_removed_unasked(storage, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    status, told, complaint = storage("prune", *NOW)
    assert (status, told) == (2, "")
    assert complaint.startswith("error: nobody can be asked here\n")
    assert "--yes, or --dry-run" in complaint


def test_a_no_removes_nothing(storage, client, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "")
    assert "to be removed:\n  stored-pets version 2, of " in storage("prune", *NOW)[1]
    assert client.get_model_version("stored-pets", "2")


def test_a_dry_run_tells_what_would_go_and_a_yes_removes_it(storage, client):
    told = storage("prune", "--dry-run", *NOW)[1]
    assert "\n  stored-pets version 2, of " in told
    assert client.get_model_version("stored-pets", "2")
    status, told, complaint = storage("prune", "--yes", *NOW)
    assert (status, complaint) == (0, "")
    assert "\nremoved " in told
    left = [version.version for version in client.search_model_versions("name = 'stored-pets'")]
    assert sorted(map(str, left)) == ["1", "3"]
    assert storage("prune", "--yes", *NOW)[1] == "nothing may go\n"


@pytest.mark.parametrize("words", [("--keep=0",), ("--older-than=3x",)], ids=" ".join)
def test_what_makes_no_policy_is_refused(storage, words):
    status, _, complaint = storage("prune", "--dry-run", *words)
    assert status == 2
    assert words[0].partition("=")[0] in complaint
