import pytest

from recognition.configuration.loading import load_config
from recognition.configuration.resolved import to_yaml
from recognition.errors import InputError


def load(tmp_path, text):
    path = tmp_path / "given.yaml"
    path.write_text(text)
    return load_config(path)


@pytest.mark.parametrize("paths", ["photos", "[photos]"])
def test_one_path_or_several(tmp_path, paths):
    config = load(tmp_path, f"predict: {{paths: {paths}, model: pets@champion}}")
    assert config.predict.paths == ("photos",)
    assert load(tmp_path, to_yaml(config)) == config


def test_a_training_may_set_a_threshold(tmp_path):
    assert load(tmp_path, "predict: {reject: 0.05}").predict.reject == 0.05
    assert load(tmp_path, "train: {epochs: 1}").predict.reject is None


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("{reject: 0}", "a number above 0 and at most 1"),
        ("{reject: 1.1}", "a number above 0 and at most 1"),
        ("{paths: []}", "a path or a list of paths"),
        ("{paths: [photos, 3]}", "a path or a list of paths"),
        ("{paths: '-'}", "a path or a list of paths"),
        ("{paths: photos, top: 0}", "a whole number from 1 to 1000"),
        ("{model: pets}", "predict.model needs predict.paths"),
        ("{top: 3}", "predict.top needs predict.paths"),
        ("{paths: photos, reject: 0.1}", "predict.reject: 0.1 is for a training"),
        ("{modell: photos}", "did you mean predict.model?"),
    ],
)
def test_what_is_refused(tmp_path, section, told):
    with pytest.raises(InputError) as raised:
        load(tmp_path, f"predict: {section}")
    assert told in str(raised.value)
