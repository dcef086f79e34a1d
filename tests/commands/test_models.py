import json

import pytest

import run_pipeline
from tests.operations.stored_models import champion_of, promoted, versions


@pytest.fixture
def models(client, monkeypatch, capsys):
    """A function: words -> exit status, standard output and standard error."""
    monkeypatch.setattr(run_pipeline, "prepare_environment", lambda debug: None)

    def run(*words):
        status = run_pipeline.main(["models", *words])
        return (status, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def pets(client):
    """A model with three versions, each champion after the one before; it is not the only model."""
    client.create_registered_model("command-empty")
    found = versions(client, "command-pets", 3)
    for model in found:
        promoted(client, model)
    return found


@pytest.mark.parametrize("words", [(), ("list",)], ids=["bare", "list"])
def test_the_list(models, pets, words):
    status, told, complaint = models(*words)
    assert (status, complaint) == (0, "")
    rows = [line.split() for line in told.splitlines() if line.startswith("command-pets")]
    assert [(row[1], "champion" in row) for row in rows] == [("3", True), ("2", False), ("1", False)]


@pytest.mark.parametrize("words", [("--json",), ("list", "--json"), ("--json", "list")], ids=" ".join)
def test_the_list_as_json(models, pets, words):
    listed = [each for each in json.loads(models(*words)[1]) if each["model"] == "command-pets"]
    assert [each["version"] for each in listed] == ["3", "2", "1"]
    assert listed[0]["test_accuracy"] == 0.5


@pytest.mark.parametrize("words", [("promote", "a", "--reason", "b"), ("rollback",), ("copy", "a", "--to", "b")])
def test_what_changes_something_tells_no_json(models, words):
    status, told, complaint = models("--json", *words)
    assert (status, told) == (2, "")
    assert f"received: models --json {words[0]}" in complaint


def test_everything_about_one(models, pets):
    _, told, _ = models("show", "command-pets")
    assert told.startswith("command-pets version 3\n")
    known = json.loads(models("show", "command-pets/2", "--json")[1])
    assert (known["version"]["version"], known["gate"]["decision"]) == ("2", "promoted")
    assert [entry["after"] for entry in known["log"]] == ["2", "3"]


def test_promote_and_roll_back(models, client):
    for model in versions(client, "command-birds", 2):
        promoted(client, model)
    status, told, _ = models("rollback", "command-birds", "--reason", "no owls")
    assert (status, champion_of(client, "command-birds")) == (0, "1")
    assert told == "command-birds version 1 is champion again, after version 2 was rolled back: no owls\n"
    status, told, _ = models("promote", "command-birds/2", "--reason", "owls after all")
    assert (status, champion_of(client, "command-birds")) == (0, "2")
    assert told == "command-birds version 2 is champion now, after version 1\n"


def test_what_a_killed_command_left_is_mended_and_told(models, client):
    promoted(client, versions(client, "command-fish", 1)[0])
    client.delete_registered_model_tag("command-fish", "promotion.000001")
    assert "mended command-fish: the champion, version 1, begins the log\n" in models()[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "command-pet"), "did you mean command-pets?"),
        (("show", "command-pets/7"), "this model has no such version"),
        (("show", "nothing/1"), "there is no registered model of this name"),
        (("promote", "command-pets@best", "--reason", "x"), "this model has no best"),
        (("promote", "command-pets/1", "--reason", " "), "a promotion needs a reason"),
        (("promote", "command-pets/1", "--reason", "two\nlines"), "a reason is one line"),
        (("rollback", "command-pets", "--reason", "two\nlines"), "a reason is one line"),
        (("rollback", "command-pet"), "did you mean command-pets?"),
        (("rollback",), "put the model's name before it"),
        (("copy", "command-pets", "--to", "defalt"), "did you mean default?"),
        (("copy", "command-pets", "--to", "default"), "both stacks share one registry"),
    ],
    ids=" ".join,
)
def test_mistakes(models, pets, client, monkeypatch, words, told):
    monkeypatch.setattr("operations.registry.repair.repair", lambda client: [])
    status, said, complaint = models(*words)
    assert (status, said) == (2, "")
    assert complaint.startswith("error: ")
    assert told in complaint
    assert len(complaint.splitlines()) <= 10
    assert champion_of(client, "command-pets") == "3"


@pytest.mark.parametrize(
    "words", [("promote", "command-pets/1"), ("show",), ("copy", "command-pets"), ("remove", "x")], ids=" ".join
)
def test_missing_words(models, words, capsys):
    with pytest.raises(SystemExit) as ended:
        run_pipeline.main(["models", *words])
    assert ended.value.code == 2
    assert "usage: run_pipeline.py models" in capsys.readouterr().err


def test_a_command_that_trains_nothing_names_no_checkpoint(models, monkeypatch):
    def interrupted(client):
        raise KeyboardInterrupt

    monkeypatch.setattr("operations.registry.repair.repair", interrupted)
    assert models("list") == (130, "", "\ninterrupted: what was under way may be repeated\n")
