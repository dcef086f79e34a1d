import pytest

from operations.registry import registry
from operations.registry.copying import COPYING, copy_model
from operations.registry.details import details
from operations.registry.lease import PREFIX
from operations.registry.rejection import settle_rejection, stored_rejection
from operations.tracking import connection, mlflow_runs
from operations.tracking.model_files import kept
from recognition.errors import InputError, RecognitionError
from recognition.prediction.rejection import Rejection, RejectionChoice
from tests.operations.state import empty_registry
from tests.operations.stored_models import champion_of, promoted, stored, versions

REJECTION = Rejection(target_error=0.1, threshold=0.3, error=0.02, coverage=0.8, images=100)


@pytest.fixture(scope="module")
def stacks(state, tmp_path_factory):
    """Two further stacks: "other" has a tracker of its own, "same" none."""
    from zenml.client import Client
    from zenml.enums import StackComponentType

    zenml = Client()
    address = empty_registry(tmp_path_factory)
    tracker = StackComponentType.EXPERIMENT_TRACKER
    zenml.create_stack_component("other", "mlflow", tracker, {"tracking_uri": address})
    parts = {StackComponentType.ORCHESTRATOR: "default", StackComponentType.ARTIFACT_STORE: "default"}
    zenml.create_stack("same", parts)
    zenml.create_stack("other", {**parts, tracker: "other"})
    return address


@pytest.fixture(scope="module")
def original(client, stacks):
    """Three versions; the second is champion, with a run that has numbers and files."""
    models = versions(client, "travelling", 3, run_name="train-1")
    promoted(client, models[1])
    settle_rejection(client, models[1], 0.1, RejectionChoice(target_error=0.1, rejection=REJECTION))
    client.create_model_version("travelling", source="file:///nowhere")
    (run,) = mlflow_runs.find_runs(client, "train-1")
    mlflow_runs.log_metrics(client, run, [("train_loss", 2.0, 1), ("train_loss", 1.0, 2), ("test_loss", 1.5, 0)])
    mlflow_runs.log_parameters(client, run, {"train.epochs": 2})
    mlflow_runs.log_files(client, run, {"configuration.yaml": b"train:"})
    client.set_tag(run, "recipe", "train")
    return models[1]


@pytest.fixture
def there(stacks):
    """A function: question -> its answer from the client of the other registry."""
    from zenml.client import Client
    from zenml.stack import Stack

    def ask(question):
        with connection.connected(Stack.from_model(Client().get_stack("other")).experiment_tracker) as client:
            return question(client)

    return ask


def test_a_copy_is_the_same_with_everything_but_the_alias(client, original, there):
    *_, told = copy_model("travelling@champion", "other")
    assert told == "travelling@champion, version 2 here, is now travelling version 1 in the registry of stack other"

    def check(other):
        assert str(other.tracking_uri) != str(client.tracking_uri)
        version = other.get_model_version("travelling", "1")
        assert stored_rejection(other, registry.registered_model(version)) == REJECTION
        model = registry.registered_model(version)
        known = details(other, model)
        assert model.sha256 == original.sha256
        assert (known.files, known.version.aliases, known.recipe) == ("as registered", (), "train")
        assert (known.classes, known.temperature) == (("cat", "dog"), 1.5)
        assert known.gate is None  # it was judged against another champion
        assert known.gate_before_copy.decision == "promoted"
        assert known.copied_from == "travelling version 2 of stack default (local)"
        assert known.version.test_accuracy == 0.5
        assert known.metrics["loss"] == 1.5
        run = other.get_run(version.run_id)
        assert [point.step for point in other.get_metric_history(version.run_id, "train_loss")] == [1, 2]
        assert (run.data.params, run.info.status) == ({"train.epochs": "2"}, "FINISHED")
        assert [file.path for file in other.list_artifacts(version.run_id)] == ["configuration.yaml"]
        stored = (kept(f"models:/travelling/{model.mlflow_version}") / "MLmodel").read_text()
        assert f"model_id: {version.source.removeprefix('models:/')}" in stored
        assert not [each.name for each in other.search_registered_models() if each.name.startswith(PREFIX)]
        assert champion_of(other, "travelling") is None

    there(check)
    assert champion_of(client, "travelling") == "2"
    assert client.get_model_version("travelling", "2").tags.get(registry.COPIED_TAG) is None


def test_a_second_copy_finds_the_first(client, original, there):
    copy_model("travelling/2", "other")
    (told,) = copy_model("travelling/2", "other")
    assert "was there already, as travelling version 1" in told
    assert len(there(lambda other: registry.versions_of(other, "travelling"))) == 1


def test_zenml_has_a_version_for_the_copy_with_its_metadata(original, there):
    from operations.registry import zenml_models

    copy_model("travelling/2", "other")
    copied = there(lambda other: registry.registered_model(other.get_model_version("travelling", "1")))
    assert copied.zenml_version != original.zenml_version
    known = zenml_models.find("travelling", copied.zenml_version).run_metadata
    assert known["metrics"] == {"accuracy": 0.5}
    assert known["copied_from"].startswith("travelling version 2")
    assert known["registry"].startswith("sqlite:")


def test_an_interrupted_copy_is_completed(client, original, there, monkeypatch):
    def die(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(registry, "create_zenml_version", die)
        with pytest.raises(KeyboardInterrupt):
            copy_model("travelling/1", "other")
    (told,) = copy_model("travelling/1", "other")
    assert "is now travelling version" in told
    assert "was there already" in copy_model("travelling/1", "other")[0]


def test_what_arrives_changed_is_not_registered(client, original, there, monkeypatch):
    before = len(there(lambda other: registry.versions_of(other, "travelling")))
    monkeypatch.setattr("operations.registry.copying.file_digest", lambda path: "0" * 64)
    with pytest.raises(RecognitionError, match="not the one that was sent"):
        copy_model("travelling/3", "other")
    assert len(there(lambda other: registry.versions_of(other, "travelling"))) == before


@pytest.mark.parametrize(
    ("word", "stack", "told"),
    [
        ("travelling/2", "othr", "did you mean other?"),
        ("travelling/2", "", "one of default, other, same"),
        ("travelling/2", "same", "both stacks share one registry"),
        ("travelling/9", "other", "this model has no such version"),
        ("travelling/4", "other", "that this program registered"),
    ],
)
def test_what_cannot_be_copied(original, word, stack, told):
    with pytest.raises(InputError) as raised:
        copy_model(word, stack)
    assert told in str(raised.value)


def test_no_server_is_sent_another_ones_password(state, monkeypatch, stacks):
    import os

    import mlflow
    from zenml.client import Client
    from zenml.stack import Stack

    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "mine")
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME", raising=False)
    uri = mlflow.get_tracking_uri()
    with connection.connected(Stack.from_model(Client().get_stack("other")).experiment_tracker):
        os.environ["MLFLOW_TRACKING_TOKEN"] = os.environ["MLFLOW_TRACKING_USERNAME"] = "theirs"
    assert os.environ["MLFLOW_TRACKING_TOKEN"] == "mine"
    assert "MLFLOW_TRACKING_USERNAME" not in os.environ
    assert mlflow.get_tracking_uri() == uri


def test_what_a_killed_copy_left_is_removed_by_the_next(client, original, there, monkeypatch, capsys):
    extra = registry.register(client, "travelling", stored(client, b"a further one", run_name="train-1"), {}, [])

    def die(*arguments):
        raise KeyboardInterrupt

    def stored_there(other):
        place = [mlflow_runs.experiment_id(other)]
        return len(other.search_runs(place)), len(other.search_logged_models(place))

    before = there(stored_there)
    with monkeypatch.context() as patch:
        patch.setattr("operations.registry.copying._register", die)
        with pytest.raises(KeyboardInterrupt):
            copy_model(f"travelling/{extra.mlflow_version}", "other")
    assert there(stored_there) == (before[0] + 1, before[1] + 1)
    copy_model(f"travelling/{extra.mlflow_version}", "other")
    assert there(stored_there) == (before[0] + 1, before[1] + 1)
    assert "removed what a killed copy left there: run train-1" in capsys.readouterr().out
    runs = there(lambda other: mlflow_runs.tagged_runs(other, COPYING, extra.sha256))
    assert runs == []  # a copy that is whole is nobody's remainder
