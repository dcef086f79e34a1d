import pytest

from operations.registry.lookup import find_model, model_names
from recognition.errors import InputError


@pytest.fixture(scope="module")
def registered(client):
    """Two models: pets with three versions, of which the second is champion, and birds without one."""
    for name, count in (("lookup-pets", 3), ("lookup-birds", 1)):
        client.create_registered_model(name)
        for _ in range(count):
            client.create_model_version(name, source="file:///nowhere", tags={"sha256": name})
    client.set_registered_model_alias("lookup-pets", "champion", "2")
    yield client
    for name in ("lookup-pets", "lookup-birds"):
        client.delete_registered_model(name)


@pytest.mark.parametrize(
    "word", ["lookup-pets", "lookup-pets@champion", "lookup-pets/2", "models:/lookup-pets@champion"]
)
def test_names_of_a_version(registered, word):
    found = find_model(registered, word)
    assert (found.name, found.mlflow_version, found.sha256) == ("lookup-pets", "2", "lookup-pets")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("lookup-pet", "did you mean lookup-pets?"),
        ("lookup-pet@champion", "did you mean lookup-pets?"),
        ("lookup-pets/4", "lookup-pets/3"),
        ("lookup-pets/x", "lookup-pets/3"),
        ("lookup-pets@best", "lookup-pets@champion"),
        ("lookup-birds", "this model has no champion yet"),
        ("champion", "lookup-birds@champion or lookup-pets@champion"),
        ("2", "lookup-birds/2 or lookup-pets/2"),
        ("", "there is no registered model of this name"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(registered, word, told):
    with pytest.raises(InputError) as raised:
        find_model(registered, word)
    assert told in str(raised.value)


def test_where_there_is_one_model_its_name_may_be_left_out(registered, monkeypatch):
    monkeypatch.setattr("operations.registry.lookup.model_names", lambda client: ["lookup-pets"])
    assert find_model(registered, "champion") == find_model(registered, "2")


def test_an_empty_registry_says_how_to_fill_it(client, monkeypatch):
    monkeypatch.setattr("operations.registry.lookup.model_names", lambda client: [])
    with pytest.raises(InputError, match=r"run_pipeline\.py --config train\.yaml"):
        find_model(client, "champion")


def test_all_models_are_listed(registered):
    assert {"lookup-birds", "lookup-pets"} <= set(model_names(registered))
