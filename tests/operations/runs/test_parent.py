from types import SimpleNamespace

import pytest

from operations.runs import parent
from operations.runs.parent import check_parent, extended
from recognition.configuration.schema import RunConfig
from recognition.errors import InputError


def config_of(**train):
    return RunConfig.model_validate({"data": {"source": "digits"}, "train": train})


@pytest.fixture
def finished(monkeypatch):
    """A finished run of the usual configuration, on data of the digest "same"."""
    monkeypatch.setattr(parent, "parent_config", lambda name: config_of())
    monkeypatch.setattr(parent, "_parent", lambda name: None)
    dataset = SimpleNamespace(run_metadata={"digest": "same"})
    monkeypatch.setattr(parent, "outputs_of", lambda run: {"dataset": dataset})


def going_on(**train):
    return config_of(tail={"after": "run-1", "epochs": 1}, **train)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((0, None, None), "--epochs cannot be used"),
        ((1, "linear", None), "'constant', 'one_cycle' or 'cosine'"),
        ((1, None, float("nan")), "--learning-rate cannot be used"),
    ],
)
def test_an_option_out_of_range_is_told_by_its_name(finished, values, told):
    with pytest.raises(InputError) as raised:
        extended("run-1", *values)
    assert told in str(raised.value)


def test_what_is_not_given_is_left_to_the_tail(finished):
    tail = extended("run-1", 2, None, None).train.tail
    assert (tail.after, tail.epochs, tail.model_fields_set) == ("run-1", 2, {"after", "epochs"})


def test_the_same_training_goes_on_elsewhere_and_for_longer(finished):
    check_parent(going_on(device="cpu", patience=3, seed=7), "same")


def test_another_recipe_is_refused(finished):
    with pytest.raises(InputError, match="was another training") as raised:
        check_parent(going_on(optimizer="adam"), "same")
    assert raised.value.received == "train.optimizer: adam"
    assert raised.value.expected == f"train.optimizer: {config_of().train.optimizer}"


def test_other_images_are_refused(finished):
    with pytest.raises(InputError, match="the images that it began with"):
        check_parent(going_on(), "other")
