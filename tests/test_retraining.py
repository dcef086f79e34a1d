"""Retraining as a scheduler does it: the same command again and again, on data that change between."""

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # seven runs
SUMMARY = "--summary=summary.json"


@pytest.fixture
def retrain(ready_command, digits):
    """A function: settings -> the outcome of a retraining, always on the same state folder."""

    def again(*settings, **options):
        return ready_command.run(
            *digits, "--set=retrain.init=champion", *(f"--set={setting}" for setting in settings), SUMMARY, **options
        )

    return again


def test_a_retraining_after_a_training_finds_nothing_new(ready_command, digits):
    trained = ready_command.run(*digits)
    for start in ("fresh", "champion"):
        again = ready_command.run(*digits, f"--set=retrain.init={start}", SUMMARY)
        assert told(again) == ("nothing new", None)
        assert trained.name in again.summary["retrain"]["reason"]
        assert {"augmentation", "train", "evaluate", "report"} <= again.cached()


def told(outcome):
    return outcome.summary["retrain"]["outcome"], outcome.summary["retrain"]["init"]


def test_a_retraining_trains_where_something_is_new_and_only_there(retrain):
    first = retrain()
    assert (first.status, told(first)) == (0, ("trained", None))
    again = retrain()
    assert told(again) == ("nothing new", None)
    assert first.name in again.summary["retrain"]["reason"]
    assert f"nothing new: images, recipe and code are those of run {first.name}" in again.stdout
    assert {"augmentation", "train", "evaluate", "report"} <= again.cached()

    forced = retrain("retrain.force=true")
    assert told(forced) == ("trained", "models:/digits/1")
    assert forced.summary["train"]["seed"] == 1
    assert told(retrain())[0] in ("judged again", "nothing new")

    changed = retrain("data.train_limit=1200")
    assert changed.summary["change"]["verdict"] == "similar"
    assert told(changed)[0] == "trained"
    unchanged = retrain("data.train_limit=1200")  # also where it has promoted the model that it would begin with
    assert told(unchanged) == ("nothing new", changed.summary["retrain"]["init"])

    refused = retrain("data.train_limit=500", "retrain.on_change=[]")
    assert (refused.status, told(refused)) == (4, ("refused", None))
    assert refused.stderr == ""
    assert "permit" in refused.summary["steps"]
    assert "train" not in refused.summary["steps"]
    assert refused.summary["report"].endswith("data.html")
    assert "--set 'retrain.on_change=[" in refused.stdout
