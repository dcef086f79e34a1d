import pytest
import yaml

from recognition.configuration.loading import load_config
from recognition.errors import InputError


@pytest.fixture
def load(tmp_path):
    """A function: sections -> the configuration that a file with them makes."""

    def loaded(**sections):
        path = tmp_path / "retrain.yaml"
        path.write_text(yaml.safe_dump(sections))
        return load_config(path)

    return loaded


def test_an_empty_section_says_that_a_run_is_repeated(load):
    retrain = load(retrain={}).retrain
    assert (retrain.init, retrain.on_change, retrain.force) == ("fresh", ("similar", "shifted"), False)


def test_the_order_of_the_changes_does_not_matter(load):
    assert load(retrain={"on_change": ["different", "similar"]}).retrain.on_change == ("similar", "different")


@pytest.mark.parametrize("value", ["similar", ["similar", "similar"], ["same"], [1], None])
def test_other_changes_are_refused(load, value):
    with pytest.raises(InputError, match=r"retrain\.yaml:\d+.*expected a list of different ones"):
        load(retrain={"on_change": value})


def test_a_mistyped_change_is_told_the_nearest(load):
    with pytest.raises(InputError, match=r"did you mean shifted\?"):
        load(retrain={"on_change": ["shiftd"]})


@pytest.mark.parametrize(
    ("section", "value", "retrain"),
    [
        ("calibrate", {}, {}),
        ("train", {"tail": {"after": "run", "epochs": 1}}, {}),
        ("train", {"init": "weights.keras"}, {"init": "champion"}),
    ],
)
def test_what_a_retraining_cannot_be_is_refused(load, section, value, retrain):
    with pytest.raises(InputError, match=r"retrain.* contradicts"):
        load(**{section: value, "retrain": retrain})


def test_fresh_weights_may_be_those_of_a_file(load):
    assert load(train={"init": "weights.keras"}, retrain={"init": "fresh"}).train.init == "weights.keras"
