import pytest

from operations.registry import registry
from operations.registry.details import details, render_details
from operations.registry.lease import PREFIX
from operations.registry.listing import list_versions, render_table
from operations.registry.promotion import promote, roll_back
from operations.tracking import connection, mlflow_runs
from tests.operations.stored_models import path_of, promoted, versions


@pytest.fixture(scope="module")
def pair(client):
    """Two versions of a model; the second was promoted by hand."""
    models = versions(client, "listed", 2, run_name="smoke-1")
    promoted(client, models[0])
    promote(client, models[1], "<b>better</b> in the field")
    return models


@pytest.fixture
def listed(client, pair):
    """A function: name of a model -> what the list says of its versions."""

    def of(name):
        return [version for version in list_versions(client) if version.model == name]

    return of


def test_the_list_says_what_is_asked_of_it(listed, pair):
    newest, oldest = listed("listed")
    assert (newest.version, newest.aliases, newest.zenml_version) == ("2", ("champion",), pair[1].zenml_version)
    assert (oldest.version, oldest.aliases) == ("1", ())
    for version in (newest, oldest):
        assert (version.test_accuracy, version.data, version.data_digest) == (0.5, "made", "ab" * 32)
        assert version.run == "smoke-1"
        assert version.registered.utcoffset().total_seconds() == 0


def test_the_table_shows_it(client, listed):
    heads, newest, _ = render_table(listed("listed")).splitlines()
    assert heads.split() == ["model", "version", "registered", "test", "accuracy", "alias", "data", "run"]
    words = newest.split()
    assert (words[:2], words[4:]) == (["listed", "2"], ["50.00%", "champion", "made", "abababababab", "smoke-1"])


def test_an_empty_table_says_what_to_do():
    assert "run_pipeline.py --config train.yaml" in render_table([])


def test_what_other_tools_registered_is_listed_too(client, listed):
    name = "it's theirs — “net”"
    client.create_registered_model(name)
    client.create_model_version(name, source="file:///nowhere")
    client.create_model_version(name, source="file:///nowhere", tags={"test_accuracy": "very good"})
    client.set_registered_model_alias(name, "champion", "1")
    found = listed(name)
    assert [(version.version, version.test_accuracy, version.sha256) for version in found] == [
        ("2", None, None),
        ("1", None, None),
    ]
    assert found[1].aliases == ("champion",)
    assert render_table(found).splitlines()[2].split()[-2:] == ["-", "-"]


def test_locks_and_models_without_versions_are_not_listed(client, listed):
    client.create_registered_model(f"{PREFIX}listed")
    client.create_registered_model("empty")
    try:
        assert listed(f"{PREFIX}listed") == listed("empty") == []
    finally:
        client.delete_registered_model(f"{PREFIX}listed")


def test_a_version_from_before_the_tags_takes_them_from_its_run_until_that_is_deleted(client, listed):
    versions(client, "early", 1, run_name="early-1")
    for tag in registry.FACTS:
        client.delete_model_version_tag("early", "1", tag)
    (run,) = mlflow_runs.find_runs(client, "early-1")
    client.log_metric(run, "test_accuracy", 0.25)
    (found,) = listed("early")
    assert (found.test_accuracy, found.run) == (0.25, "early-1")
    client.delete_run(run)
    assert len(listed("early")) == 1


def test_a_deleted_version_is_not_listed_and_a_deleted_file_does_no_harm(client, listed):
    first, second, _ = versions(client, "thinned", 3)
    client.delete_model_version("thinned", "3")
    path_of("models:/thinned/2").unlink()
    client.delete_logged_model(client.get_model_version("thinned", "1").source.removeprefix("models:/"))
    assert [version.version for version in listed("thinned")] == ["2", "1"]
    assert "its files are gone" in details(client, second).files
    assert details(client, first).version.version == "1"


def test_a_version_that_was_rolled_back_is_marked(client, listed):
    for model in versions(client, "marked", 2):
        promoted(client, model)
    roll_back(client, "marked", "wrong dogs")
    assert "rolled back" in render_table(listed("marked")).splitlines()[1]
    assert listed("marked")[0].withdrawn == "rolled back to version 1: wrong dogs"


def test_details_tell_everything(client, pair):
    (run,) = mlflow_runs.find_runs(client, "smoke-1")
    client.set_tag(run, "recipe", "smoke")
    client.log_metric(run, "test_loss", 1.25)
    known = details(client, pair[1])
    assert known.metrics["loss"] == 1.25
    assert (known.recipe, known.classes, known.temperature, known.stage) == ("smoke", ("cat", "dog"), 1.5, "production")
    assert (known.files, known.uri, known.gate) == ("as registered", "models:/listed/2", None)
    assert [(entry.after, entry.by) for entry in known.log] == [("2", "person")]
    assert known.registry == connection.local_tracking_uri()
    assert details(client, pair[0]).gate.decision == "promoted"
    assert [entry.after for entry in details(client, pair[0]).log] == ["1", "2"]


def test_details_can_be_read(client, pair):
    told = render_details(details(client, pair[1]))
    assert told.splitlines()[0] == "listed version 2"
    for words in ("1 → 2, by hand, ", ": <b>better</b> in the field", 'load_model("models:/listed/2")', pair[1].sha256):
        assert words in told


def test_details_of_what_another_tool_registered(client):
    client.create_registered_model("theirs-details")
    client.create_model_version("theirs-details", source="file:///nowhere")
    model = registry.registered_model(client.get_model_version("theirs-details", "1"))
    known = details(client, model)
    assert (known.classes, known.metrics, known.log, known.stage) == ((), {}, (), None)
    assert "its files are gone" in known.files
    assert render_details(known).startswith("theirs-details version 1\n")
