"""`extend`: a finished run goes on, as a user sees it."""

import pytest

pytestmark = pytest.mark.slow
SUMMARY = "--summary=summary.json"


@pytest.fixture(scope="module")
def parent(own_command, digits):
    """A finished run whose model is nobody else's: what extends it registers versions, and may be promoted."""
    return own_command.run(*digits, "--set=model.name=extended", "--no-cache", SUMMARY)


@pytest.fixture(scope="module")
def longer_run(own_command, parent):
    return own_command.run("extend", parent.name, "--epochs=2", SUMMARY)


def test_a_finished_run_goes_on(longer_run, parent):
    assert longer_run.status == 0, longer_run.stderr
    assert longer_run.summary["train"]["epochs"] == parent.summary["train"]["epochs"] + 2
    assert f"after run {parent.name}: 2 more epochs" in longer_run.stdout
    assert "going on after epoch 1 of 3 of a finished training" in longer_run.stdout
    assert longer_run.summary["test"]["accuracy"] > parent.summary["test"]["accuracy"]


def test_the_parent_is_in_the_lineage(longer_run, parent, own_inspect):
    runs = own_inspect()["zenml_runs"]
    state = runs[parent.name]["outputs"]["train"]["training_state"]
    assert runs[longer_run.name]["inputs"]["train"]["state"] == state


def test_the_same_again_comes_from_the_cache(longer_run, own_command, parent):
    again = own_command.run("extend", parent.name, "--epochs=2", SUMMARY)
    assert again.cached() >= {"train", "evaluate", "report"}


def test_a_longer_run_can_be_extended_again(longer_run, own_command):
    third = own_command.run("extend", longer_run.name, "--epochs=1", "--schedule=constant", "--learning-rate=0.01")
    assert third.status == 0, third.stderr
    assert "going on after epoch 3 of 4" in third.stdout


def test_bad_input(own_command, parent):
    outcome = own_command.run("extend", parent.name, "--epochs=1", "--schedule=linear")
    assert outcome.status == 2
    assert "--schedule cannot be used" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_other_images_are_refused(own_command, digits, parent):
    after = (f"--set=train.tail.after={parent.name}", "--set=train.tail.epochs=1")
    outcome = own_command.run(*digits, *after, "--set=data.validation=0.2")
    assert outcome.status == 2
    assert "error: a training goes on with the images that it began with" in outcome.stderr
