import pytest

from operations.registry import promotion, promotion_log, registry, zenml_models
from operations.registry.lease import PREFIX
from operations.registry.repair import repair
from tests.operations.stored_models import champion_of, promoted, versions


@pytest.fixture
def name():
    return "pets"


@pytest.fixture(scope="module")
def made(client):
    models = versions(client, "pets", 2)
    promoted(client, models[0])
    return models


@pytest.fixture
def pair(made, kept_state):
    """Two versions; the first is champion."""
    return made


class Killed(BaseException):
    """Stands for the end of the process."""


def die(*arguments, **options):
    raise Killed


def last_entry(client, name):
    return promotion_log.read_log(client.get_registered_model(name).tags)[-1]


def test_nothing_to_mend_costs_no_lock(client, pair, monkeypatch):
    monkeypatch.setattr("operations.registry.repair.registry_lock", die)
    assert repair(client) == []


def test_a_promotion_killed_before_zenmls_stage(client, pair, name, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(zenml_models, "set_production", die)
        with pytest.raises(Killed):
            promoted(client, pair[1])
    assert repair(client) == [f"{name}: ZenML's stage production follows to version 2"]
    assert zenml_models.in_production(name, "local") == pair[1].zenml_version
    assert repair(client) == []


def test_a_promotion_killed_before_the_log(client, pair, name, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(promotion_log, "append", die)
        with pytest.raises(Killed):
            promoted(client, pair[1])
    mended = repair(client)
    assert mended[0] == f"{name}: the champion, version 2, was moved without a word in the log, which has it now"
    assert len(mended) == 3  # log, challenger and stage
    entry = last_entry(client, name)
    assert (entry.before, entry.after, entry.by) == ("1", "2", "found")
    assert "is better than" in entry.reason  # what the gate had written before it moved the alias
    assert registry.aliases(client, pair[1]) == ["champion"]
    assert zenml_models.in_production(name, "local") == pair[1].zenml_version


@pytest.mark.parametrize("killed_at", ["move_champion", "allow"])
def test_a_person_who_was_killed_withdraws_no_champion(client, pair, name, monkeypatch, killed_at):
    with monkeypatch.context() as patch:
        patch.setattr(registry, killed_at, die)
        with pytest.raises(Killed):
            promotion.promote(client, pair[1], "better")
    repair(client)
    champion = registry.champion(client, name)
    assert champion == pair[killed_at == "allow"]
    assert registry.WITHDRAWN_TAG not in client.get_model_version(name, champion.mlflow_version).tags
    assert repair(client) == []


def test_a_rollback_that_was_killed_lets_nobody_back_whom_a_person_took_away(client, pair, name, monkeypatch):
    promotion.promote(client, pair[1], "better")
    with monkeypatch.context() as patch:
        patch.setattr(registry, "move_champion", die)
        with pytest.raises(Killed):
            promotion.roll_back(client, name, "")
    assert repair(client) == [f"{name}: version 2 is champion, and not withdrawn any more"]
    assert registry.WITHDRAWN_TAG in client.get_model_version(name, "1").tags


def test_an_alias_that_another_tool_moved(client, pair, name):
    client.set_registered_model_alias(name, "champion", "2")
    repair(client)
    entry = last_entry(client, name)
    assert (entry.before, entry.after, entry.by, entry.reason) == ("1", "2", "found", registry.FOUND)
    assert zenml_models.in_production(name, "local") == pair[1].zenml_version


def test_an_alias_that_another_tool_removed(client, pair, name):
    client.delete_registered_model_alias(name, "champion")
    assert repair(client) == [
        f"{name}: the champion, none, was moved without a word in the log, which has it now",
        f"{name}: ZenML's stage production follows to none",
    ]
    assert champion_of(client, name) is None
    assert zenml_models.in_production(name, "local") is None


def test_a_champion_that_was_registered_by_hand(client, pair, name):
    client.create_model_version(name, source="file:///nowhere")
    client.set_registered_model_alias(name, "champion", "3")
    assert len(repair(client)) == 2
    assert zenml_models.in_production(name, "local") is None
    assert repair(client) == []


def test_a_registry_from_before_there_was_a_log(client, pair, name):
    client.delete_registered_model_tag(name, "promotion.000001")
    assert repair(client) == [f"{name}: the champion, version 1, begins the log"]
    assert last_entry(client, name).after == "1"


def test_the_stage_of_another_registry_is_left_alone(client, pair, name):
    elsewhere = zenml_models.create(
        name, "theirs", (), "mlflow:9", {zenml_models.REGISTRY: "http://mlflow.example"}, []
    )
    zenml_models.set_production(name, elsewhere, "http://mlflow.example")
    assert repair(client) == []
    assert zenml_models.in_production(name, "http://mlflow.example") == elsewhere


def test_other_tools_models_and_locks_are_left_alone(client, pair, name, monkeypatch):
    client.create_registered_model("theirs-repair")
    client.create_model_version("theirs-repair", source="file:///nowhere")
    client.create_registered_model(f"{PREFIX}theirs")
    try:
        monkeypatch.setattr("operations.registry.repair.registry_lock", die)
        assert repair(client) == []
    finally:
        client.delete_registered_model(f"{PREFIX}theirs")


def test_what_was_mended_while_the_lock_was_waited_for_is_left_alone(client, pair, name, monkeypatch):
    from contextlib import contextmanager

    @contextmanager
    def other_mends(client, name):
        registry.move_champion(client, pair[1], "gate", "because")
        yield lambda: None

    client.set_registered_model_alias(name, "champion", "2")
    monkeypatch.setattr("operations.registry.repair.registry_lock", other_mends)
    assert repair(client) == []
