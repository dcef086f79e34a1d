import pytest

from operations.registry import promotion_log, registry, zenml_models
from operations.registry.promotion import promote, roll_back
from operations.registry.registered_model import RegisteredModel
from recognition.errors import InputError
from tests.operations.stored_models import champion_of, path_of, promoted, stored, versions


@pytest.fixture
def name(request):
    """Name of a registered model that no other test uses, or finds as it was."""
    return "three" if "three" in request.fixturenames else request.node.originalname


@pytest.fixture(scope="module")
def made(client):
    models = versions(client, "three", 3)
    for model in models:
        promoted(client, model)
    return models


@pytest.fixture
def three(made, kept_state):
    """Three versions, each promoted by the gate after the one before."""
    return made


def log_of(client, name):
    return promotion_log.read_log(client.get_registered_model(name).tags)


def delete_file(model):
    path_of(model.uri).unlink()


def test_the_gates_promotions_are_logged_with_run_and_reason(client, three, name):
    log = log_of(client, name)
    assert [(entry.before, entry.after, entry.by) for entry in log] == [
        (None, "1", "gate"),
        ("1", "2", "gate"),
        ("2", "3", "gate"),
    ]
    assert {entry.run for entry in log} == {"run-of-the-gate"}
    assert "is better than" in log[0].reason


def test_a_person_promotes_what_the_gate_did_not(client, name):
    first, second = versions(client, name, 2)
    promoted(client, first)
    assert promote(client, second, "tried in the field") == [f"{name} version 2 is champion now, after version 1"]
    assert registry.champion(client, name) == second
    assert registry.aliases(client, second) == ["champion"]
    assert zenml_models.in_production(name, "local") == second.zenml_version
    assert client.get_model_version(name, "2").description == "promoted by hand: tried in the field"
    entry = log_of(client, name)[-1]
    assert (entry.before, entry.after, entry.by, entry.reason) == ("1", "2", "person", "tried in the field")


def test_the_champion_is_promoted_no_second_time(client, three, name):
    promoted(client, three[2])
    assert promote(client, three[2], "again") == [f"{name} version 3 is champion already"]
    assert len(log_of(client, name)) == 3


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_promotion_needs_a_reason(client, reason):
    model = RegisteredModel(name="any", zenml_version="1", mlflow_version="1", sha256="")
    with pytest.raises(InputError, match="needs a reason"):
        promote(client, model, reason)


def test_a_version_whose_file_was_changed_or_is_gone_is_not_promoted(client, three, name):
    path_of(f"models:/{name}/1").write_bytes(b"other")
    with pytest.raises(InputError) as raised:
        promote(client, three[0], "why not")
    assert three[0].sha256 in raised.value.expected
    delete_file(three[0])
    with pytest.raises(InputError, match="its files are gone"):
        promote(client, three[0], "why not")
    assert champion_of(client, name) == "3"


def test_a_version_that_was_registered_by_hand_is_not_promoted(client, name):
    versions(client, name, 1)
    client.create_model_version(name, source="file:///nowhere")
    second = registry.registered_model(client.get_model_version(name, "2"))
    with pytest.raises(InputError, match="that this program registered"):
        promote(client, second, "why not")


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        (["dog", "cat"], "the classes are the same, in another order"),
        (["cat", "cow", "horse"], "it lacks dog and adds cow, horse"),
        (["cat", "dog", *"abcdefg"], "it adds a, b, c, d, e and 2 more"),
    ],
    ids=["order", "others", "more"],
)
def test_other_classes_are_told(client, three, name, classes, told):
    other = registry.register(client, name, stored(client, b"other", classes), {}, [])
    _, note = promote(client, other, "new animals")
    assert note.endswith(told)


def test_rolling_back_twice_goes_two_back_and_then_there_is_nothing(client, three, name):
    (told,) = roll_back(client, name, "it takes cats for dogs")
    assert told == f"{name} version 2 is champion again, after version 3 was rolled back: it takes cats for dogs"
    assert champion_of(client, name) == "2"
    assert zenml_models.in_production(name, "local") == three[1].zenml_version
    roll_back(client, name, "")
    assert champion_of(client, name) == "1"
    with pytest.raises(InputError, match="no former champion to go back to"):
        roll_back(client, name, "")
    assert champion_of(client, name) == "1"
    assert [(entry.before, entry.after, entry.by) for entry in log_of(client, name)[3:]] == [
        ("3", "2", "rollback"),
        ("2", "1", "rollback"),
    ]


def test_what_was_rolled_back_the_gate_does_not_promote_again(client, three, name):
    roll_back(client, name, "it takes cats for dogs")
    decision = promoted(client, three[2])
    assert decision.decision == "kept"
    assert "rolled back to version 2: it takes cats for dogs" in decision.reason
    assert registry.recorded_decision(client, three[2]) == decision
    assert champion_of(client, name) == "2"
    promote(client, three[2], "the dogs were cats")
    assert champion_of(client, name) == "3"
    assert promoted(client, three[2]).decision == "promoted"


def test_whom_a_person_replaced_the_gate_does_not_promote_again(client, three, name):
    promote(client, three[0], "the oldest is the best")
    decision = promoted(client, three[2])
    assert decision.decision == "kept"
    assert "replaced by version 1: the oldest is the best" in decision.reason
    assert promoted(client, three[1]).decision == "promoted"  # of which nobody said anything


def test_a_rollback_passes_over_what_cannot_be_used(client, name):
    models = versions(client, name, 4)
    for model in models:
        promoted(client, model)
    delete_file(models[2])
    client.delete_model_version(name, "2")
    lost, deleted, told = roll_back(client, name, "")
    assert "version 3 is passed over" in lost
    assert "version 2 is passed over: it was deleted" in deleted
    assert told.startswith(f"{name} version 1 is champion again, after version 4")


def test_the_log_outlives_versions_and_champion(client, three, name):
    client.delete_model_version(name, "3")
    passed, told = roll_back(client, name, "")
    assert passed == "version 3 is passed over: it was deleted"
    assert told == f"{name} version 2 is champion again"
    assert [(entry.before, entry.after, entry.by) for entry in log_of(client, name)[3:]] == [
        ("3", None, "found"),
        (None, "2", "rollback"),
    ]


def test_a_model_without_a_champion_has_nothing_to_go_back_to(client, name):
    versions(client, name, 1)
    with pytest.raises(InputError, match="no former champion"):
        roll_back(client, name, "")


def test_a_waiting_version_is_the_challenger_until_a_person_promotes_it(client, three, name):
    from tests.recognition.report.samples import decision_of

    waiting = decision_of(decision="waiting", champion_version="3")
    fourth = registry.register(client, name, stored(client, b"fourth"), {}, [])
    registry.apply_decision(client, fourth, waiting)
    assert (registry.aliases(client, fourth), champion_of(client, name)) == (["challenger"], "3")
    promote(client, fourth, "asked and answered")
    registry.apply_decision(client, fourth, waiting)
    assert registry.aliases(client, fourth) == ["champion"]
