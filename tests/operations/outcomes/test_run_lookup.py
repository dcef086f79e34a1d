import pytest

from operations.outcomes.run_lookup import find_trainings
from operations.registry import registry
from operations.tracking import mlflow_runs
from recognition.errors import InputError
from tests.operations import tiny_pipeline

# ZenML writes the configuration by Pydantic's JSON mode, which takes no serializer's list for a tuple
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")

FIRST, SECOND = "lookup-20260101-000000-aaaaaa", "lookup-20260101-000001-bbbbbb"


@pytest.fixture(scope="module")
def runs(client):
    """Two finished trainings."""
    return [tiny_pipeline.train(name) for name in (FIRST, SECOND)]


@pytest.fixture(scope="module")
def other(runs):
    """Name of a run that is newer, but no training; its name ends as the second one's does."""
    tiny_pipeline.run("lookup-tiny-bbbbbb")
    return "lookup-tiny-bbbbbb"


@pytest.fixture
def champions(client, runs):
    """A function: model and number of a run -> its model is the champion; there is no other, before and after."""

    def promote(model, number):
        client.create_registered_model(model)
        run_id = mlflow_runs.run_id_of(client, runs[number].name)
        version = client.create_model_version(model, source=f"runs:/{run_id}/model", run_id=run_id)
        client.set_registered_model_alias(model, registry.CHAMPION, version.version)

    def forget():
        for model in client.search_registered_models():
            client.delete_registered_model(model.name)

    forget()  # those of other modules
    yield promote
    forget()


def names_of(*words):
    return [run.name for run in find_trainings(words)]


def refusal(*words):
    with pytest.raises(InputError) as error:
        find_trainings(words)
    return error.value


def test_names_and_ids(runs):
    assert names_of(SECOND, FIRST) == [SECOND, FIRST]
    whole, begun = str(runs[0].id), str(runs[1].id)[:13].upper()
    assert names_of(whole, begun) == [FIRST, SECOND]
    assert names_of("aaaaaa", "20260101-000001-bbbbbb") == [FIRST, SECOND]


def test_latest(runs, other):
    assert names_of("latest", FIRST) == [SECOND, FIRST]


def test_the_champion(champions):
    champions("one", 0)
    assert names_of("champion", SECOND) == [FIRST, SECOND]
    assert names_of("one@champion") == [FIRST]


def test_champions_of_several_models(champions):
    champions("one", 0)
    champions("two", 1)
    assert names_of("one@champion", "two@champion") == [FIRST, SECOND]
    told = refusal("champion", FIRST)
    assert told.expected == "one of one@champion, two@champion"
    assert "did you mean one@champion?" in refusal("onee@champion").remedy


def test_no_champion(client, champions):
    assert "no model has a champion" in refusal("champion").problem
    champions("one", 0)
    client.create_registered_model("bare")
    assert "this model has no champion" in refusal("bare@champion").problem
    assert "no model of this name" in refusal("zzz@champion").problem


def test_a_champion_whose_run_is_gone(client, champions):
    client.create_registered_model("lost")
    run_id = mlflow_runs.run_id_of(client, "lookup-lost")
    version = client.create_model_version("lost", source=f"runs:/{run_id}/model", run_id=run_id)
    client.set_registered_model_alias("lost", registry.CHAMPION, version.version)
    assert refusal("lost@champion").received == "lost@champion, trained by lookup-lost"


@pytest.mark.parametrize("words", [(FIRST, FIRST), (FIRST, "aaaaaa"), ("latest", SECOND)])
def test_a_run_twice(runs, words):
    told = refusal(*words)
    assert "compared with itself" in told.problem
    assert all(word in told.received for word in words)


def test_an_unknown_name_is_told_the_nearest(runs):
    told = refusal("lookup-20260101-000000-aaaaab")
    assert told.remedy == f"did you mean {FIRST}?"
    assert SECOND in told.expected
    assert refusal("zzz").received == "zzz"


@pytest.mark.parametrize("word", ["contains:lookup", "", "startswith:lookup", "%", "not an id", "dead"])
def test_words_are_no_filters(runs, word):
    assert "no run of this name or id" in refusal(word).problem


def test_an_ambiguous_word(runs, other):
    told = refusal("bbbbbb")
    assert "several runs" in told.problem
    assert SECOND in told.expected
    assert other in told.expected


def test_a_run_that_failed(runs):
    with pytest.raises(ValueError, match="made to fail"):
        tiny_pipeline.train("lookup-failed", succeeds=False)
    told = refusal(FIRST, "lookup-failed")
    assert told.received == "lookup-failed: failed"


def test_a_run_that_trained_nothing(runs, other):
    told = refusal(FIRST, other)
    assert "trained no model" in told.problem
    assert told.received == f"{other}, of pipeline tiny"
