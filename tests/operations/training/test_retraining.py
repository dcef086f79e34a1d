from types import SimpleNamespace

import pytest

from operations.registry.registry import apply_decision, register
from operations.tracking import mlflow_runs
from operations.training.past_trainings import note_question, question_of
from operations.training.retraining import prepare_retraining, retrain_facts
from operations.training.task import planned_identity
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.model import ModelConfig
from recognition.configuration.sections.retrain import RetrainConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.data.change import DataChange
from recognition.training.retraining import RetrainingRefused
from tests.operations.stored_models import stored
from tests.recognition.report.samples import decision_of

SAME = DataChange(verdict="same", reason="every image and label is", version="1")


@pytest.fixture
def name(request):
    """A model's name that no other test uses."""
    return "".join(letter for letter in request.node.name if letter.isalnum())[:60]


@pytest.fixture
def prepare(client, name):
    """A function: name of a run, keys of section retrain -> the configuration that it uses; its question is noted."""

    def prepared(run, digest="data", change=SAME, train=None, **keys):
        config = RunConfig(train=train or TrainConfig(), model=ModelConfig(name=name), retrain=RetrainConfig(**keys))
        run_id = mlflow_runs.run_id_of(client, f"{name}-{run}")
        return prepare_retraining(client, run_id, config, digest, change, "code", "")

    return prepared


@pytest.fixture
def finish(client, name):
    """A function: a run has registered its model, which becomes the champion or not."""

    def finished(run, promoted=True):
        run_id = mlflow_runs.run_id_of(client, f"{name}-{run}")
        file = stored(client, f"{name}-{run}".encode(), run_name=f"{name}-{run}")
        mlflow_runs.log_metrics(client, run_id, [("test_accuracy", 0.5, 0)])
        version = register(client, name, file, {}, [])
        apply_decision(client, version, decision_of(decision="promoted" if promoted else "kept"))
        return f"models:/{name}/{version.mlflow_version}"

    return finished


def test_without_a_champion_a_training_begins_with_random_weights(prepare):
    assert prepare("first", init="champion").train.init is None


def test_a_new_training_begins_with_the_champion_by_version(prepare, finish):
    prepare("first", init="champion")
    champion = finish("first")
    assert prepare("second", digest="more data", init="champion").train.init == champion


def test_nothing_new_begins_as_it_did_although_the_champion_moved_by_it(prepare, finish):
    prepare("first", init="champion")
    champion = finish("first")
    prepare("second", digest="more data", init="champion")
    finish("second")
    assert prepare("third", digest="more data", init="champion").train.init == champion
    assert prepare("fourth", init="champion").train.init is None  # the first one's data, which began without


def test_an_interrupted_training_is_none(prepare, finish):
    prepare("first", init="champion")
    champion = finish("first")
    prepare("interrupted", digest="more data", force=True)
    assert prepare("again", digest="more data", force=True).train.seed == 0
    assert prepare("champion", digest="more data", init="champion").train.init == champion


def test_data_that_were_trained_with_are_not_again_because_retrain_init_differs(prepare, finish):
    prepare("first")
    champion = finish("first")
    assert prepare("second", init="champion").train.init is None
    assert prepare("third", digest="more data", init="champion").train.init == champion


def test_a_training_that_was_no_retraining_counts(prepare, finish, client, name):
    identity = planned_identity(RunConfig(), "data", "code", "")
    run_id = mlflow_runs.run_id_of(client, f"{name}-plain")
    note_question(client, run_id, question_of(identity, name), TrainConfig())
    champion = finish("plain")
    assert prepare("second", init="champion").train.init is None
    assert prepare("third", force=True).train.seed == 1
    assert prepare("fourth", digest="more data", init="champion").train.init == champion


def test_what_the_former_version_trained_with_counts(prepare, finish, client, name, monkeypatch):
    monkeypatch.setattr("operations.training.task.former_code", {"code": "former code"}.get)
    identity = planned_identity(RunConfig(), "data", "former code", "")
    note_question(client, mlflow_runs.run_id_of(client, f"{name}-former"), question_of(identity, name), TrainConfig())
    champion = finish("former")
    assert prepare("second", init="champion").train.init is None
    assert prepare("third", digest="more data", init="champion").train.init == champion


def test_weights_that_the_configuration_names_are_part_of_the_question():
    def question(initial, **train):
        return question_of(planned_identity(RunConfig(train=TrainConfig(**train)), "d", "c", initial), "m")

    assert question("", init="models:/m/1") == question("", seed=3) == question("")
    assert len({question(""), question("digest", init="models:/m/1"), question("", epochs=9)}) == 3


def test_force_trains_with_a_new_seed_from_the_champion_of_now(prepare, finish):
    prepare("first", init="champion")
    champion = finish("first")
    forced = prepare("second", init="champion", force=True).train
    assert (forced.seed, forced.init) == (1, champion)
    finish("second")
    assert prepare("third", init="champion", force=True).train.seed == 2
    assert prepare("fourth", init="champion").train.seed == 0


def test_what_a_retraining_uses_can_be_run_again_as_it_is(prepare, finish):
    prepare("first", init="champion")
    finish("first")
    used = prepare("second", digest="more data", init="champion")
    assert used.retrain is None
    assert RunConfig.model_validate(used.model_dump()) == used


def test_changed_data_may_be_refused(prepare):
    with pytest.raises(RetrainingRefused):
        prepare("first", change=DataChange(verdict="different", reason="other classes", version="1"))


def run_of(train="completed", repeated=True, force=False):
    """Stands in for ZenML's record of a run."""
    steps = {
        "permit": SimpleNamespace(run_metadata={"init": "models:/net/1", "seed": 3, "force": force}),
        "train": SimpleNamespace(status=SimpleNamespace(value=train), original_step_run_id="0" * 32),
        "gate": SimpleNamespace(run_metadata={"repeated": repeated}),
    }
    return SimpleNamespace(steps=steps)


@pytest.mark.parametrize(
    ("run", "outcome", "words"),
    [
        (run_of("cached"), "nothing new", "those of run that is no longer recorded"),
        (run_of("cached", repeated=False), "judged again", "judged by"),
        (run_of(), "trained", "no training with this recipe and code"),
        (run_of(force=True), "trained", "retrain.force"),
    ],
)
def test_an_outcome_has_a_reason(state, run, outcome, words):
    facts = retrain_facts(run, SAME)
    assert facts["outcome"] == outcome
    assert words in facts["reason"]
    assert (facts["init"], facts["seed"]) == ("models:/net/1", 3)


def test_a_training_tells_what_has_changed_in_the_data():
    change = DataChange(verdict="similar", reason="5 % more images", version="1")
    assert "5 % more images" in retrain_facts(run_of(), change)["reason"]


def test_other_runs_have_no_outcome():
    assert set(retrain_facts(SimpleNamespace(steps={}), SAME).values()) == {None}
